// Clients is what Go programs do with an API server: informers, recorders, controllers, leader election. Each
// subcommand prints what it checks, and ends with status 1 at the first difference. KUBECONFIG names the server.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

var (
	ghosts     = schema.GroupVersionResource{Group: "agent.wecode.io", Version: "v1", Resource: "ghosts"}
	configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	secrets    = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	crds       = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
)

// clients of one server: typed ones speak protobuf where they can, dynamic ones JSON.
type clients struct {
	config  *rest.Config
	typed   *kubernetes.Clientset
	dynamic dynamic.Interface
}

func main() {
	commands := map[string]func(context.Context, clients, []string){
		"informers":  checkInformers,
		"resync":     checkResync,
		"watches":    checkWatches,
		"typed":      checkTyped,
		"pods":       checkPods,
		"events":     checkEvents,
		"discovery":  checkDiscovery,
		"scale":      checkScale,
		"reconciler": checkReconciler,
		"manager":    runManager,
		"operator":   runOperator,
		"elect":      runElection,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: clients SUBCOMMAND [ID]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	commands[os.Args[1]](ctx, connect(), os.Args[2:])
	fmt.Println("done")
}

func connect() clients {
	config := must(clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG")))
	// The default limits of a client would hide what the server does.
	config.QPS, config.Burst = 1000, 1000
	return clients{
		config:  config,
		typed:   must(kubernetes.NewForConfig(config)),
		dynamic: must(dynamic.NewForConfig(config)),
	}
}
