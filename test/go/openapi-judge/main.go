// Command openapi-judge reads the OpenAPI documents of a server as Kubernetes clients do and says what they find:
// v2 in protobuf (Argo CD, kubectl explain --output plaintext-openapiv2), v3 per group (kubectl explain, client-side
// apply), and structured-merge-diff's types from both.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/openapi3"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kube-openapi/pkg/util/proto"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

type kindReport struct {
	Resource string   `json:"resource"`
	Kind     string   `json:"kind"`
	Verbs    []string `json:"verbs"`
	InV2     bool     `json:"inV2"`
	InV3     bool     `json:"inV3"`
	// The operations of PATCH are how kubectl learns about dry runs and field validation.
	PatchParameters []string `json:"patchParameters"`
	Objects         int      `json:"objects"`
}

type report struct {
	GroupVersions []string     `json:"groupVersions"`
	Models        int          `json:"models"`
	Kinds         []kindReport `json:"kinds"`
	Problems      []string     `json:"problems"`
}

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		panic(err)
	}
	// Warnings about deprecated kinds are not of interest.
	config.WarningHandler = nil
	found, err := judge(discovery.NewDiscoveryClientForConfigOrDie(config), dynamic.NewForConfigOrDie(config))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		panic(err)
	}
}

func judge(client *discovery.DiscoveryClient, objects dynamic.Interface) (*report, error) {
	document, err := client.OpenAPISchema()
	if err != nil {
		return nil, fmt.Errorf("v2: %w", err)
	}
	difference, err := compareForms(client, document)
	if err != nil {
		return nil, fmt.Errorf("v2 in JSON: %w", err)
	}
	models, err := proto.NewOpenAPIData(document)
	if err != nil {
		return nil, fmt.Errorf("models of v2: %w", err)
	}
	parser, err := managedfields.NewGVKParser(models, false)
	if err != nil {
		return nil, fmt.Errorf("types of v2: %w", err)
	}
	root := openapi3.NewRoot(client.OpenAPIV3())
	versions, err := root.GroupVersions()
	if err != nil {
		return nil, fmt.Errorf("index of v3: %w", err)
	}
	result := &report{Models: len(models.ListModels()), Kinds: []kindReport{}, Problems: difference}
	for _, version := range versions {
		result.GroupVersions = append(result.GroupVersions, version.String())
	}
	_, lists, err := client.ServerGroupsAndResources()
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		document, err := root.GVSpec(version)
		if err != nil {
			return nil, fmt.Errorf("v3 of %s: %w", version, err)
		}
		types, err := managedfields.NewTypeConverter(document.Components.Schemas, false)
		if err != nil {
			return nil, fmt.Errorf("types of v3 of %s: %w", version, err)
		}
		for _, resource := range list.APIResources {
			if strings.Contains(resource.Name, "/") {
				continue
			}
			gvk := version.WithKind(resource.Kind)
			kind := kindReport{
				Resource:        resource.Name,
				Kind:            gvk.String(),
				Verbs:           resource.Verbs,
				InV2:            parser.Type(gvk) != nil,
				InV3:            schemaOf(document, gvk) != nil,
				PatchParameters: patchParameters(document, gvk),
			}
			result.Kinds = append(result.Kinds, kind)
			if !slices.Contains(resource.Verbs, "list") {
				continue
			}
			stored, err := objects.Resource(version.WithResource(resource.Name)).List(context.Background(), metav1.ListOptions{Limit: 20})
			if err != nil {
				return nil, fmt.Errorf("list of %s: %w", resource.Name, err)
			}
			for i := range stored.Items {
				result.Kinds[len(result.Kinds)-1].Objects++
				result.Problems = append(result.Problems, check(&stored.Items[i], parser, types)...)
			}
		}
	}
	return result, nil
}

// check reads an object with the types of both documents.
func check(object *unstructured.Unstructured, parser *managedfields.GvkParser, types managedfields.TypeConverter) []string {
	problems := []string{}
	say := func(where string, err error) {
		problems = append(problems, fmt.Sprintf("%s %s/%s in %s: %v", object.GetKind(), object.GetNamespace(), object.GetName(), where, err))
	}
	if parseable := parser.Type(object.GroupVersionKind()); parseable != nil {
		if _, err := parseable.FromUnstructured(object.Object); err != nil {
			say("v2", err)
		}
	}
	if _, err := types.ObjectToTyped(object); err != nil {
		say("v3", err)
	}
	return problems
}

func schemaOf(document *spec3.OpenAPI, gvk schema.GroupVersionKind) *spec.Schema {
	for _, one := range document.Components.Schemas {
		kinds, _ := one.Extensions["x-kubernetes-group-version-kind"].([]any)
		for _, kind := range kinds {
			if fields, ok := kind.(map[string]any); ok && fields["group"] == gvk.Group && fields["version"] == gvk.Version && fields["kind"] == gvk.Kind {
				return one
			}
		}
	}
	return nil
}

func patchParameters(document *spec3.OpenAPI, gvk schema.GroupVersionKind) []string {
	for path, item := range document.Paths.Paths {
		if item.Patch == nil || !strings.HasSuffix(path, "/{name}") {
			continue
		}
		kind, _ := item.Patch.Extensions["x-kubernetes-group-version-kind"].(map[string]any)
		if kind["kind"] != gvk.Kind || kind["group"] != gvk.Group {
			continue
		}
		names := []string{}
		for _, parameter := range item.Patch.Parameters {
			names = append(names, parameter.Name)
		}
		return names
	}
	return []string{}
}
