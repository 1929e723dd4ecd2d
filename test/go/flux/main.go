// Flux does with manifests what the controllers of Flux do, with their own library, as the ServiceAccount that a
// Kustomization names, which the controller impersonates:
//
//	flux apply ACCOUNT FILE    applies, waits until all are ready, and prints what became of each object
//	flux drift ACCOUNT FILE    prints the fields of each object that differ, as the detection of drift has them
//	flux delete ACCOUNT FILE   deletes, as what is no longer in git, and waits until all are gone
//
// KUBECONFIG names the server, and the controller's own user.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/pkg/ssa"
	"github.com/fluxcd/pkg/ssa/jsondiff"
	"github.com/fluxcd/pkg/ssa/utils"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	owner   = "kustomize-controller"
	patient = 60 * time.Second
)

// Flux takes this away when it takes over an object that kubectl has applied: other owners of the fields, and the copy of
// the last apply.
var takeOver = ssa.ApplyCleanupOptions{
	Annotations: []string{corev1.LastAppliedConfigAnnotation},
	FieldManagers: []ssa.FieldManager{
		{Name: "kubectl", OperationType: metav1.ManagedFieldsOperationApply},
		{Name: "kubectl", OperationType: metav1.ManagedFieldsOperationUpdate},
		{Name: "before-first-apply", OperationType: metav1.ManagedFieldsOperationUpdate},
	},
}

func main() {
	commands := map[string]func(context.Context, *ssa.ResourceManager, []*unstructured.Unstructured){
		"apply":  apply,
		"drift":  drift,
		"delete": remove,
	}
	if len(os.Args) != 4 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: flux apply|drift|delete ACCOUNT FILE")
		os.Exit(2)
	}
	file := must(os.Open(os.Args[3]))
	commands[os.Args[1]](context.Background(), managerAs(os.Args[2]), must(utils.ReadObjects(file)))
}

// managerAs speaks for an account without a word on its groups, as Flux does.
func managerAs(account string) *ssa.ResourceManager {
	config := must(clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG")))
	config.Impersonate.UserName = account
	api := must(client.New(config, client.Options{}))
	poller := polling.NewStatusPoller(api, api.RESTMapper(), polling.Options{})
	return ssa.NewResourceManager(api, poller, ssa.Owner{Field: owner, Group: "kustomize.toolkit.fluxcd.io"})
}

func apply(ctx context.Context, m *ssa.ResourceManager, objects []*unstructured.Unstructured) {
	m.SetOwnerLabels(objects, "team", "flux-system")
	options := ssa.DefaultApplyOptions()
	options.Cleanup = takeOver
	changes, err := m.ApplyAllStaged(ctx, objects, options)
	fmt.Println(changes)
	mustDo(err)
	mustDo(m.WaitForSet(changes.ToObjMetadataSet(), ssa.WaitOptions{Interval: 50 * time.Millisecond, Timeout: patient}))
}

func drift(ctx context.Context, m *ssa.ResourceManager, objects []*unstructured.Unstructured) {
	m.SetOwnerLabels(objects, "team", "flux-system")
	for _, object := range objects {
		found := must(jsondiff.Unstructured(ctx, m.Client(), object, jsondiff.FieldOwner(owner)))
		for _, operation := range found.Patch {
			fmt.Println(utils.FmtUnstructured(object), operation.Path)
		}
	}
}

func remove(ctx context.Context, m *ssa.ResourceManager, objects []*unstructured.Unstructured) {
	changes, err := m.DeleteAll(ctx, objects, ssa.DefaultDeleteOptions())
	fmt.Println(changes)
	mustDo(err)
	mustDo(m.WaitForTermination(objects, ssa.WaitOptions{Interval: 50 * time.Millisecond, Timeout: patient}))
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
