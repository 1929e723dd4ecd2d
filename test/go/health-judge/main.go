// Health-judge says how objects stand: by kstatus, the library that Flux, Helm and kubectl's successors wait with, and by a
// script as Argo CD runs it. Reads a JSON list of objects, prints a list of {kstatus, argo}. The argument names the script.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type verdict struct {
	Kstatus string `json:"kstatus"`
	Argo    string `json:"argo"`
}

func main() {
	script := string(must(os.ReadFile(os.Args[1])))
	var objects []map[string]any
	mustDo(json.NewDecoder(os.Stdin).Decode(&objects))
	verdicts := make([]verdict, len(objects))
	for i, object := range objects {
		found := must(status.Compute(&unstructured.Unstructured{Object: whole(object).(map[string]any)}))
		verdicts[i] = verdict{Kstatus: string(found.Status), Argo: health(script, object)}
	}
	mustDo(json.NewEncoder(os.Stdout).Encode(verdicts))
}

// Whole makes whole numbers int64, as the decoder of apimachinery does; unstructured objects have no other form.
func whole(value any) any {
	switch value := value.(type) {
	case float64:
		return int64(value)
	case map[string]any:
		for key, inner := range value {
			value[key] = whole(inner)
		}
	case []any:
		for i, inner := range value {
			value[i] = whole(inner)
		}
	}
	return value
}

// Health runs a script in the way of util/lua of Argo CD: without libraries that reach outside, with the object as obj.
func health(script string, object map[string]any) string {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
	} {
		mustDo(state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)))
	}
	state.SetGlobal("obj", toLua(state, object))
	mustDo(state.DoString(script))
	answer := state.Get(-1).(*lua.LTable)
	return answer.RawGetString("status").String()
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case string:
		return lua.LString(value)
	case bool:
		return lua.LBool(value)
	case int64:
		return lua.LNumber(value)
	case []any:
		table := state.NewTable()
		for _, inner := range value {
			table.Append(toLua(state, inner))
		}
		return table
	case map[string]any:
		table := state.NewTable()
		for key, inner := range value {
			table.RawSetString(key, toLua(state, inner))
		}
		return table
	}
	return lua.LNil
}

func must[T any](value T, err error) T {
	mustDo(err)
	return value
}

func mustDo(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
