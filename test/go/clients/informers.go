package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"
)

const many = 40

// followed is an informer with what its handlers were told.
type followed struct {
	name     string
	informer cache.SharedIndexInformer
	resource schema.GroupVersionResource

	lock     sync.Mutex
	versions map[string]int
	wrong    string
}

// Informers of all three makes hold what the server holds, while a second client writes.
func checkInformers(ctx context.Context, c clients, _ []string) {
	namespace := freshNamespace(ctx, c, "informers")
	writeSome(ctx, c, namespace, 0)
	all := startInformers(ctx, c, namespace)
	for _, one := range all {
		check(one.name+": synced", cache.WaitForCacheSync(ctx.Done(), one.informer.HasSynced))
		check(one.name+": the first list is in order", one.wrong == "", one.wrong)
		one.expectSame(ctx, c, namespace, "after the first list")
	}
	writeSome(ctx, c, namespace, many)
	change(ctx, c, namespace)
	for _, one := range all {
		one.expectSame(ctx, c, namespace, "after creates, updates and deletes")
		check(one.name+": events in order", one.problem() == "", one.problem())
	}
}

// Informers that live through whatever happens to the server in between: each SIGUSR1 is a round of changes.
func checkResync(ctx context.Context, c clients, _ []string) {
	rounds := make(chan os.Signal, 1)
	signal.Notify(rounds, syscall.SIGUSR1)
	namespace := freshNamespace(ctx, c, "resync")
	writeSome(ctx, c, namespace, 0)
	all := startInformers(ctx, c, namespace)
	for _, one := range all {
		check(one.name+": synced", cache.WaitForCacheSync(ctx.Done(), one.informer.HasSynced))
	}
	fmt.Println("ready")
	for round := 1; ; round++ {
		select {
		case <-ctx.Done():
			return
		case <-rounds:
		}
		when := fmt.Sprint("after round ", round)
		writeSome(ctx, c, namespace, round*many)
		for _, one := range all {
			one.expectSame(ctx, c, namespace, when)
		}
		fmt.Println("caught up", when)
	}
}

func startInformers(ctx context.Context, c clients, namespace string) []*followed {
	small := func(options *metav1.ListOptions) {
		// Pages; a watch takes no notice.
		if os.Getenv("KUBE_FEATURE_WatchListClient") == "false" {
			options.Limit = 7
		}
	}
	typed := informers.NewSharedInformerFactoryWithOptions(c.typed, 0,
		informers.WithNamespace(namespace), informers.WithTweakListOptions(small))
	dynamics := dynamicinformer.NewFilteredDynamicSharedInformerFactory(c.dynamic, 0, namespace, small)
	metadatas := metadatainformer.NewFilteredSharedInformerFactory(
		must(metadata.NewForConfig(c.config)), 0, namespace, small)
	all := []*followed{
		{name: "typed secrets", informer: typed.Core().V1().Secrets().Informer(), resource: secrets},
		{name: "typed configmaps", informer: typed.Core().V1().ConfigMaps().Informer(), resource: configMaps},
		{name: "typed events", informer: typed.Core().V1().Events().Informer(), resource: corev1.SchemeGroupVersion.WithResource("events")},
		{name: "typed namespaces", informer: typed.Core().V1().Namespaces().Informer(), resource: namespaces},
		{name: "dynamic ghosts", informer: dynamics.ForResource(ghosts).Informer(), resource: ghosts},
		{name: "dynamic configmaps", informer: dynamics.ForResource(configMaps).Informer(), resource: configMaps},
		{name: "metadata of ghosts", informer: metadatas.ForResource(ghosts).Informer(), resource: ghosts},
		{name: "metadata of secrets", informer: metadatas.ForResource(secrets).Informer(), resource: secrets},
	}
	for _, one := range all {
		one.versions = map[string]int{}
		must(one.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(object any) { one.learn(object, false) },
			UpdateFunc: func(_, object any) { one.learn(object, false) },
			DeleteFunc: func(object any) { one.learn(object, true) },
		}))
	}
	typed.Start(ctx.Done())
	dynamics.Start(ctx.Done())
	metadatas.Start(ctx.Done())
	return all
}

// learn notes an event that goes back in time.
func (f *followed) learn(object any, deleted bool) {
	if _, ok := object.(cache.DeletedFinalStateUnknown); ok {
		return
	}
	accessor := must(meta.Accessor(object))
	key := string(accessor.GetUID())
	version := must(strconv.Atoi(accessor.GetResourceVersion()))
	f.lock.Lock()
	defer f.lock.Unlock()
	if known, ok := f.versions[key]; ok && version < known {
		f.wrong = fmt.Sprintf("%s went from %d to %d", accessor.GetName(), known, version)
	}
	f.versions[key] = version
	if deleted {
		delete(f.versions, key)
	}
}

func (f *followed) problem() string {
	f.lock.Lock()
	defer f.lock.Unlock()
	return f.wrong
}

// expectSame compares the cache with a list of the server.
func (f *followed) expectSame(ctx context.Context, c clients, namespace, when string) {
	eventually(ctx, f.name+": same as the server "+when, func() string {
		if f.resource == namespaces {
			namespace = ""
		}
		list, err := c.dynamic.Resource(f.resource).Namespace(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err.Error()
		}
		there := map[string]string{}
		for _, item := range list.Items {
			there[item.GetName()] = item.GetResourceVersion()
		}
		cached := f.informer.GetStore().List()
		if len(cached) != len(there) {
			return fmt.Sprintf("%d cached, %d on the server", len(cached), len(there))
		}
		for _, object := range cached {
			accessor := must(meta.Accessor(object))
			if there[accessor.GetName()] != accessor.GetResourceVersion() {
				return fmt.Sprintf("%s is cached at %s and %q on the server",
					accessor.GetName(), accessor.GetResourceVersion(), there[accessor.GetName()])
			}
		}
		return ""
	})
}

func writeSome(ctx context.Context, c clients, namespace string, from int) {
	core := c.typed.CoreV1()
	for i := from; i < from+many; i++ {
		named := metav1.ObjectMeta{Name: fmt.Sprintf("object-%04d", i), Namespace: namespace}
		must(core.Secrets(namespace).Create(ctx, &corev1.Secret{ObjectMeta: named, StringData: map[string]string{"a": "b"}}, metav1.CreateOptions{}))
		must(core.ConfigMaps(namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: named, Data: map[string]string{"i": strconv.Itoa(i)}}, metav1.CreateOptions{}))
		must(c.dynamic.Resource(ghosts).Namespace(namespace).Create(ctx, ghost(namespace, named.Name, "be kind"), metav1.CreateOptions{}))
	}
	named := metav1.ObjectMeta{Name: fmt.Sprintf("event-%04d", from), Namespace: namespace}
	involved := corev1.ObjectReference{Kind: "Ghost", APIVersion: "agent.wecode.io/v1", Namespace: namespace, Name: "object-0000"}
	event := &corev1.Event{ObjectMeta: named, InvolvedObject: involved, Reason: "Written", Type: "Normal"}
	must(core.Events(namespace).Create(ctx, event, metav1.CreateOptions{}))
}

// change updates every second object and deletes every third.
func change(ctx context.Context, c clients, namespace string) {
	for i := range many {
		name := fmt.Sprintf("object-%04d", i)
		if i%2 == 0 {
			for _, resource := range []schema.GroupVersionResource{configMaps, secrets, ghosts} {
				object := must(c.dynamic.Resource(resource).Namespace(namespace).Get(ctx, name, metav1.GetOptions{}))
				object.SetLabels(map[string]string{"changed": "yes"})
				must(c.dynamic.Resource(resource).Namespace(namespace).Update(ctx, object, metav1.UpdateOptions{}))
			}
		}
		if i%3 == 0 {
			for _, resource := range []schema.GroupVersionResource{configMaps, secrets, ghosts} {
				mustDo(c.dynamic.Resource(resource).Namespace(namespace).Delete(ctx, name, metav1.DeleteOptions{}))
			}
		}
	}
}
