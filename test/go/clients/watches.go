package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// Watches as client-go makes them by hand.
func checkWatches(ctx context.Context, c clients, _ []string) {
	namespace := freshNamespace(ctx, c, "watches")
	checkRetryWatcher(ctx, c, namespace)
	checkBookmarks(ctx, c, namespace)
	checkInitialEvents(ctx, c, namespace)
	checkUntil(ctx, c, namespace)
	checkPages(ctx, c, namespace)
}

func newConfigMap(namespace, name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
}

// A RetryWatcher goes on where its last watch ended; each of them is ended after a second.
func checkRetryWatcher(ctx context.Context, c clients, namespace string) {
	api := c.typed.CoreV1().ConfigMaps(namespace)
	list := must(api.List(ctx, metav1.ListOptions{}))
	second := int64(1)
	watches := 0
	watcher := must(watchtools.NewRetryWatcherWithContext(ctx, list.ResourceVersion, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			watches++
			options.TimeoutSeconds = &second
			return api.Watch(ctx, options)
		},
	}))
	defer watcher.Stop()
	const total = 12
	go func() {
		for i := range total {
			must(api.Create(ctx, newConfigMap(namespace, fmt.Sprintf("retry-%02d", i)), metav1.CreateOptions{}))
			time.Sleep(250 * time.Millisecond)
		}
	}()
	for i := 0; i < total; i++ {
		event, open := <-watcher.ResultChan()
		if !open {
			fail("RetryWatcher", "ended")
		}
		object, ok := event.Object.(*corev1.ConfigMap)
		if !ok {
			fail("RetryWatcher", text(event.Object))
		}
		if object.Name == "kube-root-ca.crt" {
			i--
			continue
		}
		if want := fmt.Sprintf("retry-%02d", i); event.Type != watch.Added || object.Name != want {
			fail("RetryWatcher", event.Type, " ", object.Name, " where ADDED ", want, " was to come")
		}
	}
	check("RetryWatcher: each event once and in order, over several watches", watches > 1, watches, " watches")
}

// A bookmark comes before the server ends a watch.
func checkBookmarks(ctx context.Context, c clients, namespace string) {
	api := c.typed.CoreV1().ConfigMaps(namespace)
	list := must(api.List(ctx, metav1.ListOptions{}))
	seconds := int64(2)
	watcher := must(api.Watch(ctx, metav1.ListOptions{
		ResourceVersion: list.ResourceVersion, AllowWatchBookmarks: true, TimeoutSeconds: &seconds,
	}))
	bookmarks := 0
	for event := range watcher.ResultChan() {
		if event.Type == watch.Bookmark {
			bookmarks++
			check("bookmark: has nothing but a resourceVersion", event.Object.(*corev1.ConfigMap).Name == "")
		}
	}
	check("bookmark: comes before the end of the watch", bookmarks > 0)
}

// WatchList: the state first, then a bookmark that says so, then what happens.
func checkInitialEvents(ctx context.Context, c clients, namespace string) {
	api := c.typed.CoreV1().ConfigMaps(namespace)
	yes := true
	watcher := must(api.Watch(ctx, metav1.ListOptions{
		SendInitialEvents: &yes, AllowWatchBookmarks: true,
		ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan,
	}))
	defer watcher.Stop()
	added := 0
	for event := range watcher.ResultChan() {
		if event.Type == watch.Bookmark {
			annotations := event.Object.(*corev1.ConfigMap).Annotations
			checkEqual("initial events: end with their bookmark", annotations[metav1.InitialEventsAnnotationKey], "true")
			break
		}
		added++
	}
	list := must(api.List(ctx, metav1.ListOptions{}))
	checkEqual("initial events: all that is there", added, len(list.Items))
	must(api.Create(ctx, newConfigMap(namespace, "later"), metav1.CreateOptions{}))
	event := <-watcher.ResultChan()
	checkEqual("initial events: then what happens", string(event.Type), "ADDED")
	_, err := api.Watch(ctx, metav1.ListOptions{SendInitialEvents: &yes, AllowWatchBookmarks: true})
	check("initial events: without resourceVersionMatch they are refused", apierrors.IsInvalid(err), err)
}

func checkUntil(ctx context.Context, c clients, namespace string) {
	api := c.typed.CoreV1().ConfigMaps(namespace)
	must(api.Create(ctx, newConfigMap(namespace, "ripens"), metav1.CreateOptions{}))
	selected := cache.NewListWatchFromClient(c.typed.CoreV1().RESTClient(), "configmaps", namespace, nameIs("ripens"))
	go func() {
		time.Sleep(200 * time.Millisecond)
		object := newConfigMap(namespace, "ripens")
		object.Data = map[string]string{"ripe": "yes"}
		must(api.Update(ctx, object, metav1.UpdateOptions{}))
	}()
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := watchtools.UntilWithSync(limited, selected, &corev1.ConfigMap{}, nil, func(event watch.Event) (bool, error) {
		object, ok := event.Object.(*corev1.ConfigMap)
		return ok && object.Data["ripe"] == "yes", nil
	})
	check("UntilWithSync sees the change of one object by a field selector", err == nil, err)
}

// Pages are of one snapshot.
func checkPages(ctx context.Context, c clients, namespace string) {
	api := c.typed.CoreV1().ConfigMaps(namespace)
	first := must(api.List(ctx, metav1.ListOptions{Limit: 5}))
	all := must(api.List(ctx, metav1.ListOptions{}))
	must(api.Create(ctx, newConfigMap(namespace, "a-between-pages"), metav1.CreateOptions{}))
	seen := len(first.Items)
	for token := first.Continue; token != ""; {
		page := must(api.List(ctx, metav1.ListOptions{Limit: 5, Continue: token}))
		if page.ResourceVersion != first.ResourceVersion {
			fail("pages: one snapshot", page.ResourceVersion, " after ", first.ResourceVersion)
		}
		seen += len(page.Items)
		token = page.Continue
	}
	checkEqual("pages: all of one snapshot, nothing of later", seen, len(all.Items))
	checkEqual("pages: what remains is counted", *first.RemainingItemCount, int64(len(all.Items)-5))
}
