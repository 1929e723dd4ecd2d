// Command cel-judge answers, for each JSON line of its input, what kube-apiserver says about the CEL rules of a
// schema: mode "validate" runs them on an object, mode "check" admits them as part of a CustomResourceDefinition.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	schemacel "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
)

type question struct {
	ID     string                          `json:"id"`
	Mode   string                          `json:"mode"`
	Schema apiextensionsv1.JSONSchemaProps `json:"schema"`
	Object map[string]interface{}          `json:"object"`
	Old    map[string]interface{}          `json:"old"`
}

type cause struct {
	Reason  string `json:"reason"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

type answer struct {
	ID     string  `json:"id"`
	Causes []cause `json:"causes"`
	Cost   int64   `json:"cost"`
	Error  string  `json:"error,omitempty"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		text, err := json.Marshal(judge(in.Bytes()))
		if err != nil {
			panic(err)
		}
		out.Write(append(text, '\n'))
	}
	if err := in.Err(); err != nil {
		panic(err)
	}
}

func judge(line []byte) answer {
	var q question
	if err := json.Unmarshal(line, &q); err != nil {
		return answer{Error: err.Error()}
	}
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&q.Schema, &internal, nil); err != nil {
		return answer{ID: q.ID, Error: err.Error()}
	}
	if q.Mode == "check" {
		return answer{ID: q.ID, Causes: causes(check(&internal))}
	}
	structural, err := structuralschema.NewStructural(&internal)
	if err != nil {
		return answer{ID: q.ID, Error: err.Error()}
	}
	return validate(q, structural)
}

func validate(q question, structural *structuralschema.Structural) answer {
	validator := schemacel.NewValidator(structural, true, celconfig.PerCallLimit)
	var old interface{}
	var options []schemacel.Option
	if q.Old != nil {
		old = q.Old
		correlated := common.NewCorrelatedObject(q.Object, q.Old, &model.Structural{Structural: structural})
		options = append(options, schemacel.WithRatcheting(correlated))
	}
	errs, remaining := validator.Validate(context.Background(), nil, structural, q.Object, old, celconfig.RuntimeCELCostBudget, options...)
	return answer{ID: q.ID, Causes: causes(errs), Cost: celconfig.RuntimeCELCostBudget - remaining}
}

// check is the admission of a CustomResourceDefinition with this schema; what is not about rules is left out.
func check(schema *apiextensions.JSONSchemaProps) field.ErrorList {
	preserve := false
	crd := &apiextensions.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "things.example.com", ResourceVersion: "1"},
		Spec: apiextensions.CustomResourceDefinitionSpec{
			Group: "example.com", Version: "v1", Scope: apiextensions.NamespaceScoped,
			Names:                 apiextensions.CustomResourceDefinitionNames{Plural: "things", Singular: "thing", Kind: "Thing", ListKind: "ThingList"},
			Versions:              []apiextensions.CustomResourceDefinitionVersion{{Name: "v1", Served: true, Storage: true}},
			Validation:            &apiextensions.CustomResourceValidation{OpenAPIV3Schema: schema},
			PreserveUnknownFields: &preserve,
		},
		Status: apiextensions.CustomResourceDefinitionStatus{StoredVersions: []string{"v1"}},
	}
	var kept field.ErrorList
	for _, err := range validation.ValidateCustomResourceDefinition(context.Background(), crd) {
		if strings.Contains(err.Field, "x-kubernetes-validations") || strings.Contains(err.Field, "openAPIV3Schema") {
			kept = append(kept, err)
		}
	}
	return kept
}

func causes(errs field.ErrorList) []cause {
	list := []cause{}
	for _, err := range errs {
		list = append(list, cause{Reason: fmt.Sprint(string(err.Type)), Field: err.Field, Message: err.ErrorBody()})
	}
	return list
}
