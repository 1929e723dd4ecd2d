package main

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
)

// widgetKind is a kind of a user, with status and scale.
func widgetKind() map[string]any {
	integer := map[string]any{"type": "integer"}
	return map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1",
		"kind":       "CustomResourceDefinition",
		"metadata":   map[string]any{"name": "widgets.clients.example.com"},
		"spec": map[string]any{
			"group": "clients.example.com",
			"scope": "Namespaced",
			"names": map[string]any{"kind": "Widget", "listKind": "WidgetList", "plural": "widgets", "singular": "widget"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"subresources": map[string]any{
					"status": map[string]any{},
					"scale": map[string]any{
						"specReplicasPath":   ".spec.replicas",
						"statusReplicasPath": ".status.replicas",
						"labelSelectorPath":  ".status.selector",
					},
				},
				"schema": map[string]any{"openAPIV3Schema": map[string]any{
					"type": "object",
					"properties": map[string]any{
						"spec": map[string]any{"type": "object", "properties": map[string]any{
							"replicas": integer,
							"text":     map[string]any{"type": "string"},
						}},
						"status": map[string]any{"type": "object", "properties": map[string]any{
							"replicas": integer,
							"selector": map[string]any{"type": "string"},
							"ready":    map[string]any{"type": "boolean"},
						}},
					},
				}},
			}},
		},
	}
}

var widgets = schema.GroupVersionResource{Group: "clients.example.com", Version: "v1", Resource: "widgets"}

func widget(namespace, name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "clients.example.com/v1",
		"kind":       "Widget",
		"metadata":   map[string]any{"namespace": namespace, "name": name},
		"spec":       map[string]any{"replicas": int64(2), "text": "hello"},
	}}
}

// The scale client on a kind of a user.
func checkScale(ctx context.Context, c clients, _ []string) {
	defineKind(ctx, c, widgetKind())
	namespace := freshNamespace(ctx, c, "scale")
	api := c.dynamic.Resource(widgets).Namespace(namespace)
	must(api.Create(ctx, widget(namespace, "w"), metav1.CreateOptions{}))

	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(c.typed.Discovery()))
	kinds := scale.NewDiscoveryScaleKindResolver(c.typed.Discovery())
	scales := must(scale.NewForConfig(c.config, mapper, dynamic.LegacyAPIPathResolverFunc, kinds)).Scales(namespace)
	resource := widgets.GroupResource()

	now := must(scales.Get(ctx, resource, "w", metav1.GetOptions{}))
	checkEqual("scale: read", now.Spec.Replicas, int32(2))
	now.Spec.Replicas = 5
	updated := must(scales.Update(ctx, resource, now, metav1.UpdateOptions{}))
	checkEqual("scale: updated", updated.Spec.Replicas, int32(5))
	patched := must(scales.Patch(ctx, widgets, "w", types.MergePatchType, []byte(`{"spec":{"replicas":7}}`), metav1.PatchOptions{}))
	checkEqual("scale: patched", patched.Spec.Replicas, int32(7))

	object := must(api.Get(ctx, "w", metav1.GetOptions{}))
	replicas, _, _ := unstructured.NestedInt64(object.Object, "spec", "replicas")
	checkEqual("scale: the object has it", replicas, int64(7))
	mustDo(unstructured.SetNestedMap(object.Object, map[string]any{"replicas": int64(3), "selector": "a=b"}, "status"))
	must(api.UpdateStatus(ctx, object, metav1.UpdateOptions{}))
	now = must(scales.Get(ctx, resource, "w", metav1.GetOptions{}))
	checkEqual("scale: status", []any{now.Status.Replicas, now.Status.Selector}, []any{int32(3), "a=b"})
}
