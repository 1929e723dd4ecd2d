package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const patience = 60 * time.Second

func fail(what string, details ...any) {
	fmt.Printf("FAILED %s: %s\n", what, fmt.Sprint(details...))
	os.Exit(1)
}

func check(what string, ok bool, details ...any) {
	if !ok {
		fail(what, details...)
	}
	fmt.Println("ok", what)
}

func checkEqual(what string, got, want any) {
	check(what, reflect.DeepEqual(got, want), "got ", text(got), ", want ", text(want))
}

func text(value any) string {
	bytes, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(bytes)
}

func must[T any](value T, err error) T {
	mustDo(err)
	return value
}

func mustDo(err error) {
	if err != nil {
		panic(err)
	}
}

// eventually looks again and again until state returns "", and prints that state if it never does.
func eventually(ctx context.Context, what string, state func() string) {
	last := ""
	for end := time.Now().Add(patience); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if last = state(); last == "" {
			fmt.Println("ok", what)
			return
		}
	}
	fail(what, last)
}

// freshNamespace makes a namespace for one check.
func freshNamespace(ctx context.Context, c clients, prefix string) string {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: prefix + "-"}}
	return must(c.typed.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})).Name
}

func ghost(namespace, name, prompt string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "agent.wecode.io/v1",
		"kind":       "Ghost",
		"metadata":   map[string]any{"namespace": namespace, "name": name},
		"spec":       map[string]any{"systemPrompt": prompt},
	}}
}

// defineKind makes a CustomResourceDefinition and waits until its objects can be made.
func defineKind(ctx context.Context, c clients, crd map[string]any) {
	object := &unstructured.Unstructured{Object: crd}
	_, err := c.dynamic.Resource(crds).Create(ctx, object, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		fail("create the CustomResourceDefinition", err)
	}
	eventually(ctx, "the CustomResourceDefinition is established", func() string {
		now := must(c.dynamic.Resource(crds).Get(ctx, object.GetName(), metav1.GetOptions{}))
		conditions, _, _ := unstructured.NestedSlice(now.Object, "status", "conditions")
		for _, condition := range conditions {
			one := condition.(map[string]any)
			if one["type"] == "Established" && one["status"] == "True" {
				return ""
			}
		}
		return text(now.Object["status"])
	})
}
