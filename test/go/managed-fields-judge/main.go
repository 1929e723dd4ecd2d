// managed-fields-judge says what Kubernetes' field manager does with an object: one case per line of JSON on stdin, a
// kind in its versions and a sequence of writes, and on stdout for each write the object afterwards, or the error.
package main

import (
	"bufio"
	"fmt"
	"os"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/klog/v2"
)

func main() {
	// What the field manager could not do is seen in its result.
	klog.SetLogger(logr.Discard())
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

type question struct {
	// The structural schemas of the kind, by version; v1 is the one it is stored in.
	Schemas map[string]any `json:"schemas"`
	Writes  []write        `json:"writes"`
}

type write struct {
	// update or apply.
	Verb string `json:"verb"`
	// Stands for the time of the write; later than that of the one before.
	Time        string   `json:"time"`
	Version     string   `json:"version"`
	Subresource string   `json:"subresource"`
	Manager     string   `json:"manager"`
	Force       bool     `json:"force"`
	ResetFields []string `json:"resetFields"`
	// The new object; for an apply the configuration.
	Object map[string]any `json:"object"`
}

type outcome struct {
	Object map[string]any `json:"object,omitempty"`
	Error  *problem       `json:"error,omitempty"`
}

type answer struct {
	Refused  string    `json:"refused,omitempty"`
	Outcomes []outcome `json:"outcomes"`
}

func judge(line []byte) (result answer) {
	// Some generated cases make upstream panic; that is an answer too.
	defer func() {
		if problem := recover(); problem != nil {
			result = answer{Refused: fmt.Sprintf("panic: %v", problem)}
		}
	}()
	var asked question
	if err := utiljson.Unmarshal(line, &asked); err != nil {
		return answer{Refused: err.Error()}
	}
	objects, err := objectsOf(line)
	if err != nil {
		return answer{Refused: err.Error()}
	}
	kind, err := kindOf(asked.Schemas)
	if err != nil {
		return answer{Refused: err.Error()}
	}
	var live *unstructured.Unstructured
	for i, write := range asked.Writes {
		next, err := kind.write(live, write, objects[i])
		if err != nil {
			result.Outcomes = append(result.Outcomes, outcome{Error: problemOf(err)})
			continue
		}
		live = withTime(next, write.Time)
		result.Outcomes = append(result.Outcomes, outcome{Object: live.DeepCopy().Object})
	}
	return result
}

// Numbers within interface{} are int64 or float64 only when the value is decoded by itself.
func objectsOf(line []byte) ([]map[string]any, error) {
	var whole map[string]any
	if err := utiljson.Unmarshal(line, &whole); err != nil {
		return nil, err
	}
	writes, _ := whole["writes"].([]any)
	objects := make([]map[string]any, len(writes))
	for i, write := range writes {
		fields, _ := write.(map[string]any)
		objects[i], _ = fields["object"].(map[string]any)
	}
	return objects, nil
}

// The field manager asks the machine for the time, so what it set is known by being late.
func withTime(object *unstructured.Unstructured, time string) *unstructured.Unstructured {
	entries, _, _ := unstructured.NestedSlice(object.Object, "metadata", "managedFields")
	for _, entry := range entries {
		fields, _ := entry.(map[string]any)
		if set, _ := fields["time"].(string); set > "2020" {
			fields["time"] = time
		}
	}
	if entries != nil {
		unstructured.SetNestedSlice(object.Object, entries, "metadata", "managedFields")
	}
	return object
}
