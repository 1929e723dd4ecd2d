package main

import (
	"fmt"
	"math/rand"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/randfill"
)

// Deeper schemas say nothing new.
const maxDepth = 12

var texts = []string{"", "a", "b c", "ü\u2028\U0001F600", "\"\\\n", "__proto__", "constructor", "0"}

// filler fills an object with what its types can hold, and what both encodings can say.
func filler(random *rand.Rand) func(runtime.Object) {
	fill := randfill.New().RandSource(random).NilChance(.4).NumElements(0, 2).MaxDepth(maxDepth).Funcs(
		func(text *string, c randfill.Continue) { *text = texts[c.Intn(len(texts))] },
		// Protobuf has it for the whole object only.
		func(*metav1.TypeMeta, randfill.Continue) {},
		// A nil in a map is null in JSON and empty in protobuf.
		func(bytes *[]byte, c randfill.Continue) { *bytes = []byte(texts[c.Intn(len(texts))]) },
		func(number *float64, c randfill.Continue) { *number = float64(c.Intn(2000)-1000) / 8 },
		func(at *metav1.Time, c randfill.Continue) {
			if c.Bool() {
				*at = metav1.NewTime(time.Unix(c.Int63n(4e9), 0).UTC())
			}
		},
		func(at *metav1.MicroTime, c randfill.Continue) {
			if c.Bool() {
				*at = metav1.NewMicroTime(time.Unix(c.Int63n(4e9), c.Int63n(1e6)*1000).UTC())
			}
		},
		func(fields *metav1.FieldsV1, c randfill.Continue) {
			fields.SetRawBytes([]byte(fmt.Sprintf(`{"f:a":{"f:b":{}},"k:{\"n\":%d}":{}}`, c.Intn(9))))
		},
		func(value *apiextensionsv1.JSON, c randfill.Continue) {
			values := []string{`1`, `"a"`, `{"a":[1,null]}`, `9007199254740993`, `false`, `0`, `""`, `1.5`}
			value.Raw = []byte(values[c.Intn(len(values))])
		},
		func(either *apiextensionsv1.JSONSchemaPropsOrBool, c randfill.Continue) {
			if either.Allows = c.Bool(); either.Allows {
				c.Fill(&either.Schema)
			}
		},
		func(either *apiextensionsv1.JSONSchemaPropsOrArray, c randfill.Continue) {
			either.Schema = &apiextensionsv1.JSONSchemaProps{Type: "string"}
			c.Fill(either.Schema)
		},
		func(either *apiextensionsv1.JSONSchemaPropsOrStringArray, c randfill.Continue) {
			if c.Bool() {
				either.Property = []string{"a", "b"}
			} else {
				either.Schema = &apiextensionsv1.JSONSchemaProps{Type: "string"}
			}
		},
	)
	return func(object runtime.Object) { fill.Fill(object) }
}
