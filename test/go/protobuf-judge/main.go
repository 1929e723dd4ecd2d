// protobuf-judge makes objects of Kubernetes' own kinds at random and prints each, one per line, as JSON and as the
// protobuf that typed clients send.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
)

type sample struct {
	Kind     string          `json:"kind"`
	Protobuf []byte          `json:"protobuf"`
	Object   json.RawMessage `json:"object"`
}

type kind struct {
	schema.GroupVersionKind
	object func() runtime.Object
}

var kinds = []kind{
	{corev1.SchemeGroupVersion.WithKind("ConfigMap"), func() runtime.Object { return &corev1.ConfigMap{} }},
	{corev1.SchemeGroupVersion.WithKind("Event"), func() runtime.Object { return &corev1.Event{} }},
	{corev1.SchemeGroupVersion.WithKind("Namespace"), func() runtime.Object { return &corev1.Namespace{} }},
	{corev1.SchemeGroupVersion.WithKind("Secret"), func() runtime.Object { return &corev1.Secret{} }},
	{corev1.SchemeGroupVersion.WithKind("ServiceAccount"), func() runtime.Object { return &corev1.ServiceAccount{} }},
	{coordinationv1.SchemeGroupVersion.WithKind("Lease"), func() runtime.Object { return &coordinationv1.Lease{} }},
	{eventsv1.SchemeGroupVersion.WithKind("Event"), func() runtime.Object { return &eventsv1.Event{} }},
	{autoscalingv1.SchemeGroupVersion.WithKind("Scale"), func() runtime.Object { return &autoscalingv1.Scale{} }},
	{schema.GroupVersionKind{Version: "v1", Kind: "DeleteOptions"}, func() runtime.Object { return &metav1.DeleteOptions{} }},
	{rbacv1.SchemeGroupVersion.WithKind("Role"), func() runtime.Object { return &rbacv1.Role{} }},
	{rbacv1.SchemeGroupVersion.WithKind("ClusterRole"), func() runtime.Object { return &rbacv1.ClusterRole{} }},
	{rbacv1.SchemeGroupVersion.WithKind("RoleBinding"), func() runtime.Object { return &rbacv1.RoleBinding{} }},
	{rbacv1.SchemeGroupVersion.WithKind("ClusterRoleBinding"), func() runtime.Object { return &rbacv1.ClusterRoleBinding{} }},
	{rbacv1.SchemeGroupVersion.WithKind("RoleList"), func() runtime.Object { return &rbacv1.RoleList{} }},
	{authenticationv1.SchemeGroupVersion.WithKind("TokenReview"), func() runtime.Object { return &authenticationv1.TokenReview{} }},
	{authenticationv1.SchemeGroupVersion.WithKind("TokenRequest"), func() runtime.Object { return &authenticationv1.TokenRequest{} }},
	{authenticationv1.SchemeGroupVersion.WithKind("SelfSubjectReview"), func() runtime.Object { return &authenticationv1.SelfSubjectReview{} }},
	{authorizationv1.SchemeGroupVersion.WithKind("SubjectAccessReview"), func() runtime.Object { return &authorizationv1.SubjectAccessReview{} }},
	{authorizationv1.SchemeGroupVersion.WithKind("LocalSubjectAccessReview"), func() runtime.Object { return &authorizationv1.LocalSubjectAccessReview{} }},
	{authorizationv1.SchemeGroupVersion.WithKind("SelfSubjectAccessReview"), func() runtime.Object { return &authorizationv1.SelfSubjectAccessReview{} }},
	{authorizationv1.SchemeGroupVersion.WithKind("SelfSubjectRulesReview"), func() runtime.Object { return &authorizationv1.SelfSubjectRulesReview{} }},
	{
		apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"),
		func() runtime.Object { return &apiextensionsv1.CustomResourceDefinition{} },
	},
}

func main() {
	seed := flag.Int64("seed", 1, "")
	count := flag.Int("count", 100, "objects of each kind")
	flag.Parse()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, coordinationv1.AddToScheme, eventsv1.AddToScheme, autoscalingv1.AddToScheme,
		apiextensionsv1.AddToScheme, rbacv1.AddToScheme, authenticationv1.AddToScheme, authorizationv1.AddToScheme,
	} {
		must(add(scheme))
	}
	metav1.AddToGroupVersion(scheme, corev1.SchemeGroupVersion)
	encoder := protobuf.NewSerializer(scheme, scheme)
	fill := filler(rand.New(rand.NewSource(*seed)))
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, kind := range kinds {
		for range *count {
			object := kind.object()
			fill(object)
			object.GetObjectKind().SetGroupVersionKind(kind.GroupVersionKind)
			var encoded bytes.Buffer
			must(encoder.Encode(object, &encoded))
			text, err := json.Marshal(object)
			must(err)
			must(json.NewEncoder(out).Encode(sample{kind.String(), encoded.Bytes(), text}))
		}
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
