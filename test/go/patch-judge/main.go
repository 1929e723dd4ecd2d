// Applies patches as kube-apiserver does (endpoints/handlers/patch.go): one JSON question per line of standard
// input, one JSON answer per line of standard output.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

type question struct {
	Type   string          `json:"type"`
	Kind   string          `json:"kind"`
	Object json.RawMessage `json:"object"`
	Patch  json.RawMessage `json:"patch"`
}

type answer struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
}

var kinds = map[string]any{
	"ConfigMap":      corev1.ConfigMap{},
	"Event":          corev1.Event{},
	"Namespace":      corev1.Namespace{},
	"Secret":         corev1.Secret{},
	"ServiceAccount": corev1.ServiceAccount{},
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := encoder.Encode(judged(asked)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		out.Flush()
	}
}

// judged turns a panic into an error: some lists of nulls make strategicpatch panic.
func judged(asked question) (given answer) {
	defer func() {
		if reason := recover(); reason != nil {
			given = answer{Error: fmt.Sprint("panic: ", reason)}
		}
	}()
	result, err := patched(asked)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Result: result}
}

func patched(asked question) ([]byte, error) {
	switch asked.Type {
	case "json":
		patch, err := jsonpatch.DecodePatch(asked.Patch)
		if err != nil {
			return nil, err
		}
		return patch.Apply(asked.Object)
	case "merge":
		return jsonpatch.MergePatch(asked.Object, asked.Patch)
	default:
		return strategicpatch.StrategicMergePatch(asked.Object, asked.Patch, kinds[asked.Kind])
	}
}
