// schema-judge says what apiextensions-apiserver does with custom resources and with CustomResourceDefinitions: one
// question per line of JSON on stdin, one answer per line on stdout.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"

	utiljson "k8s.io/apimachinery/pkg/util/json"
)

type question struct {
	// A custom resource under a schema.
	Schema   any            `json:"schema,omitempty"`
	Object   map[string]any `json:"object,omitempty"`
	Previous map[string]any `json:"previous,omitempty"`
	// A CustomResourceDefinition, as a create or, with previousDefinition, as an update.
	Definition         map[string]any `json:"definition,omitempty"`
	PreviousDefinition map[string]any `json:"previousDefinition,omitempty"`
}

type cause struct {
	Type    string `json:"type"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

type answer struct {
	// Why the question itself makes no sense, such as a schema that is not structural.
	Refused string         `json:"refused,omitempty"`
	Object  map[string]any `json:"object,omitempty"`
	Unknown []string       `json:"unknown,omitempty"`
	Causes  []cause        `json:"causes"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	for in.Scan() {
		text, err := utiljson.Marshal(judge(in.Bytes()))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		out.Write(text)
		out.WriteByte('\n')
		out.Flush()
	}
	if err := in.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func judge(line []byte) (result answer) {
	// Some generated definitions make upstream panic; that is an answer too.
	defer func() {
		if problem := recover(); problem != nil {
			result = answer{Refused: fmt.Sprintf("panic: %v", problem)}
		}
	}()
	var asked question
	if err := utiljson.Unmarshal(line, &asked); err != nil {
		return answer{Refused: err.Error()}
	}
	// Numbers within interface{} are int64 or float64 only when the value is decoded by itself.
	var whole map[string]any
	if err := utiljson.Unmarshal(line, &whole); err != nil {
		return answer{Refused: err.Error()}
	}
	asked.Schema = whole["schema"]
	asked.Object, _ = whole["object"].(map[string]any)
	asked.Previous, _ = whole["previous"].(map[string]any)
	if asked.Definition != nil {
		return judgeDefinition(context.Background(), asked)
	}
	return judgeObject(context.Background(), asked)
}
