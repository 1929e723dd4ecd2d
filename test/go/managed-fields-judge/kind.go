package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/controller/openapi/builder"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

const group = "judge.troupe.test"

// kind is a custom resource, as far as the field manager of apiextensions-apiserver knows one.
type kind struct {
	types   managedfields.TypeConverter
	schemas map[string]*schema.Structural
}

var kinds = map[string]*kind{}

func kindOf(schemas map[string]any) (*kind, error) {
	text, err := json.Marshal(schemas)
	if err != nil {
		return nil, err
	}
	if known := kinds[string(text)]; known != nil {
		return known, nil
	}
	made, err := newKind(schemas)
	if err == nil && len(kinds) < 1000 {
		kinds[string(text)] = made
	}
	return made, err
}

func newKind(schemas map[string]any) (*kind, error) {
	definition, err := definitionOf(schemas)
	if err != nil {
		return nil, err
	}
	structural, err := structuralSchemas(definition)
	if err != nil {
		return nil, err
	}
	// As customresource_handler.go makes them for apply.
	models := map[string]*spec.Schema{}
	for version := range schemas {
		of, err := builder.BuildOpenAPIV3(definition, version, builder.Options{})
		if err != nil {
			return nil, err
		}
		maps.Copy(models, of.Components.Schemas)
	}
	types, err := managedfields.NewTypeConverter(models, false)
	return &kind{types: types, schemas: structural}, err
}

func definitionOf(schemas map[string]any) (*apiextensionsv1.CustomResourceDefinition, error) {
	definition := &apiextensionsv1.CustomResourceDefinition{}
	definition.Name = "things." + group
	definition.Spec.Group = group
	definition.Spec.Scope = apiextensionsv1.NamespaceScoped
	definition.Spec.Names = apiextensionsv1.CustomResourceDefinitionNames{
		Kind: "Thing", ListKind: "ThingList", Plural: "things", Singular: "thing",
	}
	for version, value := range schemas {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		var props apiextensionsv1.JSONSchemaProps
		if err := json.Unmarshal(text, &props); err != nil {
			return nil, err
		}
		definition.Spec.Versions = append(definition.Spec.Versions, apiextensionsv1.CustomResourceDefinitionVersion{
			Name: version, Served: true, Storage: version == "v1",
			Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &props},
		})
	}
	return definition, nil
}

func structuralSchemas(definition *apiextensionsv1.CustomResourceDefinition) (map[string]*schema.Structural, error) {
	result := map[string]*schema.Structural{}
	for _, version := range definition.Spec.Versions {
		internal := &apiextensions.JSONSchemaProps{}
		err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, internal, nil)
		if err != nil {
			return nil, err
		}
		structural, err := schema.NewStructural(internal)
		if err != nil {
			return nil, err
		}
		if problems := schema.ValidateStructural(nil, structural); len(problems) > 0 {
			return nil, problems.ToAggregate()
		}
		result[version.Name] = structural
	}
	return result, nil
}

func (k *kind) write(live *unstructured.Unstructured, write write, object map[string]any) (*unstructured.Unstructured, error) {
	gvk := runtimeschema.GroupVersionKind{Group: group, Version: write.Version, Kind: "Thing"}
	reset := map[fieldpath.APIVersion]*fieldpath.Set{}
	for version := range k.schemas {
		reset[fieldpath.APIVersion(group+"/"+version)] = fieldpath.NewSet()
		for _, field := range write.ResetFields {
			reset[fieldpath.APIVersion(group+"/"+version)].Insert(fieldpath.MakePathOrDie(field))
		}
	}
	manager, err := managedfields.NewDefaultCRDFieldManager(
		k.types, k, k, k, gvk, gvk.GroupVersion(), write.Subresource, fieldpath.NewExcludeFilterSetMap(reset))
	if err != nil {
		return nil, err
	}
	before := k.empty(gvk)
	if live != nil {
		converted, err := k.ConvertToVersion(live, gvk.GroupVersion())
		if err != nil {
			return nil, err
		}
		before = converted.(*unstructured.Unstructured)
	}
	next := &unstructured.Unstructured{Object: object}
	var result runtime.Object
	switch write.Verb {
	case "update":
		result = manager.UpdateNoErrors(before, next, write.Manager)
	case "apply":
		result, err = manager.Apply(before, next, write.Manager, write.Force)
	default:
		return nil, fmt.Errorf("unknown verb %q", write.Verb)
	}
	if err != nil {
		return nil, err
	}
	return result.(*unstructured.Unstructured), nil
}

func (k *kind) empty(gvk runtimeschema.GroupVersionKind) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{}}
	object.SetGroupVersionKind(gvk)
	return object
}

// New implements runtime.ObjectCreater.
func (k *kind) New(gvk runtimeschema.GroupVersionKind) (runtime.Object, error) {
	return k.empty(gvk), nil
}

// Default implements runtime.ObjectDefaulter: the registry fills in defaults after a merge.
func (k *kind) Default(runtime.Object) {}

// Convert implements runtime.ObjectConvertor.
func (k *kind) Convert(in, out, context any) error { return errors.New("not used") }

// ConvertFieldLabel implements runtime.ObjectConvertor.
func (k *kind) ConvertFieldLabel(runtimeschema.GroupVersionKind, string, string) (string, string, error) {
	return "", "", errors.New("not used")
}

// ConvertToVersion implements runtime.ObjectConvertor, as the strategy None does: another apiVersion, and what its schema
// does not know left out.
func (k *kind) ConvertToVersion(in runtime.Object, to runtime.GroupVersioner) (runtime.Object, error) {
	from := in.GetObjectKind().GroupVersionKind()
	gvk, ok := to.KindForGroupVersionKinds([]runtimeschema.GroupVersionKind{from})
	if !ok {
		// The version is looked for among those the object may be converted to.
		if gv, isVersion := to.(runtimeschema.GroupVersion); isVersion {
			gvk, ok = gv.WithKind(from.Kind), true
		}
	}
	if !ok || k.schemas[gvk.Version] == nil {
		return nil, runtime.NewNotRegisteredErrForKind("judge", gvk)
	}
	out := in.DeepCopyObject().(*unstructured.Unstructured)
	if gvk == from {
		return out, nil
	}
	out.SetGroupVersionKind(gvk)
	pruning.Prune(out.Object, k.schemas[gvk.Version], true)
	return out, nil
}

type problem struct {
	Message string   `json:"message"`
	Code    int32    `json:"code"`
	Causes  []string `json:"causes,omitempty"`
}

func problemOf(err error) *problem {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return &problem{Message: err.Error(), Code: 500}
	}
	result := &problem{Message: status.Status().Message, Code: status.Status().Code}
	if status.Status().Details != nil {
		for _, cause := range status.Status().Details.Causes {
			result.Causes = append(result.Causes, fmt.Sprintf("%s|%s|%s", cause.Type, cause.Message, cause.Field))
		}
	}
	return result
}
