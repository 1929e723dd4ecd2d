package main

import (
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Where the operator works: it follows no other namespace, so that a Role is enough for it.
const operatorNamespace = "default"

// teller says what a reconciler is refused, and records what it has done.
type teller struct {
	*widgetReconciler
	recorder events.EventRecorder
}

func (t teller) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	result, err := t.widgetReconciler.Reconcile(ctx, request)
	if err != nil {
		fmt.Println(t.id, "failed", request.Name, apierrors.ReasonForError(err))
		fmt.Println(err)
		return result, err
	}
	object := widget("", "")
	if t.Get(ctx, request.NamespacedName, object) == nil {
		t.recorder.Eventf(object, nil, corev1.EventTypeNormal, "Reconciled", "Reconcile", "it has its ConfigMap")
	}
	return result, nil
}

var _ reconcile.Reconciler = teller{}

// Runs a manager as an ordinary user of one namespace until it is stopped. Says when it leads, what it has done, what it
// was refused, and when it comes with another token.
func runOperator(ctx context.Context, c clients, _ []string) {
	ctrl.SetLogger(logr.Discard())
	m := must(ctrl.NewManager(c.config, ctrl.Options{
		Scheme:                  scheme.Scheme,
		Metrics:                 metricsserver.Options{BindAddress: "0"},
		Cache:                   cache.Options{DefaultNamespaces: map[string]cache.Config{operatorNamespace: {}}},
		LeaderElection:          true,
		LeaderElectionID:        "operator",
		LeaderElectionNamespace: operatorNamespace,
	}))
	reconciler := teller{
		widgetReconciler: &widgetReconciler{Client: m.GetClient(), id: "operator"},
		recorder:         m.GetEventRecorder("operator"),
	}
	mustDo(ctrl.NewControllerManagedBy(m).Named("operator").For(widget("", "")).Owns(&corev1.ConfigMap{}).Complete(reconciler))
	go func() {
		<-m.Elected()
		fmt.Println("operator leads")
	}()
	go tellOfTokens(ctx, c)
	mustDo(m.Start(ctx))
}

func tellOfTokens(ctx context.Context, c clients) {
	known := ""
	for ; ctx.Err() == nil; time.Sleep(200 * time.Millisecond) {
		review, err := c.typed.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
		if err != nil {
			fmt.Println("operator failed review", apierrors.ReasonForError(err))
			continue
		}
		now := text(review.Status.UserInfo.Extra["authentication.kubernetes.io/credential-id"])
		if known != "" && now != known {
			fmt.Println("operator comes with another token")
		}
		known = now
	}
}
