package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/record"
)

// Events by both recorders of client-go, read through both groups.
func checkEvents(ctx context.Context, c clients, _ []string) {
	namespace := freshNamespace(ctx, c, "events")
	about := must(c.typed.CoreV1().ConfigMaps(namespace).Create(ctx, newConfigMap(namespace, "subject"), metav1.CreateOptions{}))
	checkOldRecorder(ctx, c, about)
	checkNewRecorder(ctx, c, about)
	checkViews(ctx, c, about)
}

func checkOldRecorder(ctx context.Context, c clients, about *corev1.ConfigMap) {
	api := c.typed.CoreV1().Events(about.Namespace)
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: c.typed.CoreV1().Events("")})
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "old-recorder"})
	for range 3 {
		recorder.Event(about, corev1.EventTypeNormal, "Repeated", "the same again")
	}
	eventually(ctx, "tools/record: three times the same is one Event with count 3", func() string {
		list := must(api.List(ctx, metav1.ListOptions{FieldSelector: "reason=Repeated"}))
		if len(list.Items) == 1 && list.Items[0].Count == 3 {
			return ""
		}
		return text(list.Items)
	})
}

func checkNewRecorder(ctx context.Context, c clients, about *corev1.ConfigMap) {
	api := c.typed.EventsV1().Events(about.Namespace)
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: c.typed.EventsV1()})
	defer broadcaster.Shutdown()
	mustDo(broadcaster.StartRecordingToSinkWithContext(ctx))
	recorder := broadcaster.NewRecorder(scheme.Scheme, "new-recorder")
	for range 2 {
		recorder.Eventf(about, nil, corev1.EventTypeWarning, "Serial", "Checking", "number %d", 1)
	}
	eventually(ctx, "tools/events: the second of the same makes a series", func() string {
		list := must(api.List(ctx, metav1.ListOptions{FieldSelector: "reason=Serial"}))
		if len(list.Items) == 1 && list.Items[0].Series != nil && list.Items[0].Series.Count == 2 {
			return ""
		}
		return text(list.Items)
	})
}

// One store, two views.
func checkViews(ctx context.Context, c clients, about *corev1.ConfigMap) {
	selector := fmt.Sprintf("involvedObject.uid=%s,reason=Serial", about.UID)
	old := must(c.typed.CoreV1().Events(about.Namespace).List(ctx, metav1.ListOptions{FieldSelector: selector}))
	checkEqual("events: what one group wrote the other shows", len(old.Items), 1)
	event := old.Items[0]
	checkEqual("events: note is message", event.Message, "number 1")
	checkEqual("events: regarding is involvedObject", event.InvolvedObject.Name, about.Name)
	checkEqual("events: who reported", event.ReportingController, "new-recorder")
	fresh := must(c.typed.EventsV1().Events(about.Namespace).Get(ctx, event.Name, metav1.GetOptions{}))
	checkEqual("events: the same object", fresh.UID, event.UID)
	both := must(c.typed.EventsV1().Events(about.Namespace).List(ctx, metav1.ListOptions{}))
	reasons := map[string]string{}
	for _, one := range both.Items {
		reasons[one.Reason] = one.Note
	}
	checkEqual("events: and the other way round", reasons["Repeated"], "the same again")
}
