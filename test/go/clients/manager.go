package main

import (
	"context"
	"fmt"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const cleanup = "clients.example.com/cleanup"

// widgetReconciler keeps a ConfigMap with each Widget's text, and says in its status that it does.
type widgetReconciler struct {
	client.Client
	id string
}

func (r *widgetReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	object := widget("", "")
	if err := r.Get(ctx, request.NamespacedName, object); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if object.GetDeletionTimestamp() != nil {
		if controllerutil.RemoveFinalizer(object, cleanup) {
			return ctrl.Result{}, r.Update(ctx, object)
		}
		return ctrl.Result{}, nil
	}
	if controllerutil.AddFinalizer(object, cleanup) {
		if err := r.Update(ctx, object); err != nil {
			return ctrl.Result{}, err
		}
	}
	if err := r.applyConfigMap(ctx, object); err != nil {
		return ctrl.Result{}, err
	}
	before := object.DeepCopy()
	if err := unstructured.SetNestedField(object.Object, true, "status", "ready"); err != nil {
		return ctrl.Result{}, err
	}
	if err := r.Status().Patch(ctx, object, client.MergeFrom(before)); err != nil {
		return ctrl.Result{}, err
	}
	fmt.Println(r.id, "reconciled", request.Name)
	return ctrl.Result{}, nil
}

func (r *widgetReconciler) applyConfigMap(ctx context.Context, owner *unstructured.Unstructured) error {
	content, _, _ := unstructured.NestedString(owner.Object, "spec", "text")
	wanted := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "ConfigMap",
		"metadata":   map[string]any{"namespace": owner.GetNamespace(), "name": owner.GetName()},
		"data":       map[string]any{"text": content},
	}}
	if err := controllerutil.SetControllerReference(owner, wanted, r.Scheme()); err != nil {
		return err
	}
	return r.Apply(ctx, client.ApplyConfigurationFromUnstructured(wanted), client.FieldOwner("widgets"), client.ForceOwnership)
}

func newManager(c clients, id string, elected bool) manager.Manager {
	ctrl.SetLogger(logr.Discard())
	m := must(ctrl.NewManager(c.config, ctrl.Options{
		Scheme:                        scheme.Scheme,
		Metrics:                       metricsserver.Options{BindAddress: "0"},
		LeaderElection:                elected,
		LeaderElectionID:              "go-manager",
		LeaderElectionNamespace:       "default",
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 ptr.To(leaseDuration),
		RenewDeadline:                 ptr.To(renewDeadline),
		RetryPeriod:                   ptr.To(retryPeriod),
	}))
	mustDo(ctrl.NewControllerManagedBy(m).Named("widgets-" + id).
		For(widget("", "")).
		Owns(&corev1.ConfigMap{}).
		Complete(&widgetReconciler{Client: m.GetClient(), id: id}))
	return m
}

// Runs a manager under the name given until it is stopped, and says when it leads and what it does.
func runManager(ctx context.Context, c clients, arguments []string) {
	id := arguments[0]
	defineKind(ctx, c, widgetKind())
	m := newManager(c, id, true)
	go func() {
		<-m.Elected()
		fmt.Println(id, "leads")
	}()
	fmt.Println(id, "runs")
	mustDo(m.Start(ctx))
}

// A reconciler sees to its objects, to what it owns, and to their end.
func checkReconciler(ctx context.Context, c clients, _ []string) {
	defineKind(ctx, c, widgetKind())
	namespace := freshNamespace(ctx, c, "reconciler")
	running, stop := context.WithCancel(ctx)
	ended := make(chan error)
	go func() { ended <- newManager(c, "one", false).Start(running) }()

	api := c.dynamic.Resource(widgets).Namespace(namespace)
	owned := c.typed.CoreV1().ConfigMaps(namespace)
	for i := range 5 {
		must(api.Create(ctx, widget(namespace, fmt.Sprintf("w-%d", i)), metav1.CreateOptions{}))
	}
	for i := range 5 {
		name := fmt.Sprintf("w-%d", i)
		eventually(ctx, "reconciler: status of "+name, func() string { return notReady(must(api.Get(ctx, name, metav1.GetOptions{}))) })
	}
	object := must(api.Get(ctx, "w-0", metav1.GetOptions{}))
	first := must(owned.Get(ctx, "w-0", metav1.GetOptions{}))
	checkEqual("reconciler: owner of what it made", first.OwnerReferences[0].UID, object.GetUID())
	checkEqual("reconciler: finalizer", object.GetFinalizers(), []string{cleanup})

	mustDo(owned.Delete(ctx, "w-0", metav1.DeleteOptions{}))
	eventually(ctx, "reconciler: what it owns is made again", func() string {
		now, err := owned.Get(ctx, "w-0", metav1.GetOptions{})
		if err != nil || now.UID == first.UID {
			return fmt.Sprint(err)
		}
		return ""
	})
	object = must(api.Get(ctx, "w-0", metav1.GetOptions{}))
	mustDo(unstructured.SetNestedField(object.Object, "changed", "spec", "text"))
	must(api.Update(ctx, object, metav1.UpdateOptions{}))
	eventually(ctx, "reconciler: a change is taken over", func() string {
		if now := must(owned.Get(ctx, "w-0", metav1.GetOptions{})); now.Data["text"] != "changed" {
			return text(now.Data)
		}
		return ""
	})
	mustDo(api.Delete(ctx, "w-0", metav1.DeleteOptions{}))
	eventually(ctx, "reconciler: the finalizer is taken away, the object goes", func() string {
		if _, err := api.Get(ctx, "w-0", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Sprint(err)
		}
		return ""
	})
	stop()
	check("reconciler: the manager ends when it is told to", <-ended == nil)
}

func notReady(object *unstructured.Unstructured) string {
	if ready, _, _ := unstructured.NestedBool(object.Object, "status", "ready"); ready {
		return ""
	}
	return text(object.Object)
}
