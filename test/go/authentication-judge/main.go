// Judges AuthenticationConfigurations as kube-apiserver does (apiserver/pkg/apis/apiserver/validation): one JSON
// question per line of standard input, one JSON answer per line of standard output.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/apis/apiserver"
	apiserverv1 "k8s.io/apiserver/pkg/apis/apiserver/v1"
	"k8s.io/apiserver/pkg/apis/apiserver/validation"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// question is a configuration, and issuers that are the server's own.
type question struct {
	Configuration apiserverv1.AuthenticationConfiguration `json:"configuration"`
	Disallowed    []string                                `json:"disallowed"`
}

// answer names every field that makes no sense, as the server prints it; empty when all do.
type answer struct {
	Problem string `json:"problem"`
}

func main() {
	scheme := runtime.NewScheme()
	must(apiserver.AddToScheme(scheme))
	must(apiserverv1.AddToScheme(scheme))
	compiler := authenticationcel.NewCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))

	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	for in.Scan() {
		var asked question
		must(json.Unmarshal(in.Bytes(), &asked))
		var internal apiserver.AuthenticationConfiguration
		must(scheme.Convert(&asked.Configuration, &internal, nil))
		said := answer{}
		errs := validation.ValidateAuthenticationConfiguration(compiler, &internal, asked.Disallowed)
		if err := errs.ToAggregate(); err != nil {
			said.Problem = err.Error()
		}
		line, err := json.Marshal(said)
		must(err)
		fmt.Fprintln(out, string(line))
		must(out.Flush())
	}
	must(in.Err())
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
