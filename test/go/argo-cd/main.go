// Argo-cd says which manifests differ from what a server has, by the library of Argo CD and in the way of its
// application controller: it reads the objects of one namespace into a cache, and compares. Prints a line for each
// object that is out of sync. With --server-side the server is asked by dry runs (ServerSideDiff), else the manifest, the
// object and the annotation of the last apply are merged. KUBECONFIG names the server.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/argoproj/gitops-engine/pkg/cache"
	"github.com/argoproj/gitops-engine/pkg/diff"
	"github.com/argoproj/gitops-engine/pkg/sync"
	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	"github.com/argoproj/gitops-engine/pkg/utils/tracing"
	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// The name under which Argo CD applies.
const manager = "argocd-controller"

func main() {
	namespace := flag.String("namespace", "default", "of the objects")
	serverSide := flag.Bool("server-side", false, "ask the server by dry runs")
	flag.Parse()
	targets := must(kube.SplitYAML(must(os.ReadFile(flag.Arg(0)))))
	config := must(clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG")))

	objects := cache.NewClusterCache(config,
		cache.SetNamespaces([]string{*namespace}),
		cache.SetLogr(logr.Discard()),
		cache.SetPopulateResourceInfoHandler(func(*unstructured.Unstructured, bool) (any, bool) { return nil, true }),
	)
	mustDo(objects.EnsureSynced())
	live := must(objects.GetManagedLiveObjs(targets, func(*cache.Resource) bool { return false }))
	pairs := sync.Reconcile(targets, live, *namespace, objects)

	options := []diff.Option{diff.WithLogr(logr.Discard()), diff.WithManager(manager), diff.WithGVKParser(objects.GetGVKParser())}
	if *serverSide {
		options = append(options, dryRuns(config, objects)...)
	}
	found := must(diff.DiffArray(pairs.Target, pairs.Live, options...))
	for i, one := range found.Diffs {
		if one.Modified {
			fmt.Println(pairs.Target[i].GetKind(), pairs.Target[i].GetName())
		}
	}
}

// dryRuns are the options of Argo CD for ServerSideDiff.
func dryRuns(config *rest.Config, objects cache.ClusterCache) []diff.Option {
	applier, _, err := kube.ManageServerSideDiffDryRuns(config, objects.GetOpenAPISchema(), tracing.NopTracer{}, logr.Discard(), func(string) (kube.CleanupFunc, error) {
		return func() {}, nil
	})
	mustDo(err)
	return []diff.Option{diff.WithServerSideDiff(true), diff.WithServerSideDryRunner(diff.NewK8sServerSideDryRunner(applier))}
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
