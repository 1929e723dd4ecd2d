package main

import (
	"context"
	"fmt"

	openapi_v2 "github.com/google/gnostic-models/openapiv2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/yaml"
)

// compareForms says where the message that the server sent differs from what gnostic, which kube-apiserver uses,
// makes of the JSON of the same document.
func compareForms(client *discovery.DiscoveryClient, sent *openapi_v2.Document) ([]string, error) {
	text, err := client.RESTClient().Get().AbsPath("/openapi/v2").SetHeader("Accept", "application/json").Do(context.Background()).Raw()
	if err != nil {
		return nil, err
	}
	expected, err := openapi_v2.ParseDocument(text)
	if err != nil {
		return nil, err
	}
	sent = proto.Clone(sent).(*openapi_v2.Document)
	for _, document := range []*openapi_v2.Document{expected, sent} {
		if err := normalise(document.ProtoReflect()); err != nil {
			return nil, err
		}
	}
	if proto.Equal(expected, sent) {
		return []string{}, nil
	}
	return []string{difference(expected.ProtoReflect(), sent.ProtoReflect(), "document")}, nil
}

// normalise writes every value that is kept as YAML in one way.
func normalise(message protoreflect.Message) error {
	if any, ok := message.Interface().(*openapi_v2.Any); ok {
		text, err := yaml.YAMLToJSON([]byte(any.Yaml))
		any.Yaml = string(text)
		return err
	}
	var failure error
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if field.Kind() != protoreflect.MessageKind {
			return true
		}
		if !field.IsList() {
			failure = normalise(value.Message())
			return failure == nil
		}
		for i := 0; i < value.List().Len() && failure == nil; i++ {
			failure = normalise(value.List().Get(i).Message())
		}
		return failure == nil
	})
	return failure
}

// difference is the place where two messages differ first, and what is there.
func difference(expected, sent protoreflect.Message, at string) string {
	fields := expected.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		want, got := expected.Get(field), sent.Get(field)
		if want.Equal(got) {
			continue
		}
		here := at + "." + string(field.Name())
		if field.Kind() != protoreflect.MessageKind {
			return fmt.Sprintf("%s: expected %v, got %v", here, want, got)
		}
		if !field.IsList() {
			return difference(want.Message(), got.Message(), here)
		}
		for j := range min(want.List().Len(), got.List().Len()) {
			left, right := want.List().Get(j), got.List().Get(j)
			if !left.Equal(right) {
				return difference(left.Message(), right.Message(), fmt.Sprintf("%s[%s]", here, nameOf(left.Message())))
			}
		}
		return fmt.Sprintf("%s: expected %d, got %d", here, want.List().Len(), got.List().Len())
	}
	return at + ": fields that gnostic does not know"
}

func nameOf(message protoreflect.Message) string {
	if named, ok := message.Interface().(interface{ GetName() string }); ok {
		return named.GetName()
	}
	return "?"
}
