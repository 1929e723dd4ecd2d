package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const protobuf = "application/vnd.kubernetes.protobuf"

// Go programs work with the Pods of the namespace default. The argument names one that runs.
func checkPods(ctx context.Context, c clients, args []string) {
	name := args[0]
	// Ways to ask for protobuf: as typed clients do by themselves, as programs that set a content type do, and both.
	for _, accepted := range []string{"", protobuf + ",application/json"} {
		config := rest.CopyConfig(c.config)
		config.ContentType, config.AcceptContentTypes = protobuf, accepted
		checkPodReads(ctx, must(kubernetes.NewForConfig(config)), name)
	}
	checkPodReads(ctx, c.typed, name)
	checkPodCache(ctx, c, name)
	checkPodExec(ctx, c, name)
	checkOthersOfCore(ctx, c)
}

func checkPodReads(ctx context.Context, typed *kubernetes.Clientset, name string) {
	api := typed.CoreV1().Pods("default")
	pod := must(api.Get(ctx, name, metav1.GetOptions{}))
	checkEqual("pods: get", pod.Status.Phase, corev1.PodRunning)
	check("pods: a mirror of something else", pod.Annotations[corev1.MirrorPodAnnotationKey] != "")
	list := must(api.List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=of-" + name}))
	checkEqual("pods: list by node", len(list.Items), 1)
	watch := must(api.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + name}))
	event := <-watch.ResultChan()
	seen, isPod := event.Object.(*corev1.Pod)
	check("pods: watch", isPod && seen.UID == pod.UID, text(event))
	watch.Stop()
	log := must(api.GetLogs(name, &corev1.PodLogOptions{}).DoRaw(ctx))
	checkEqual("pods: log", len(log), 0)
	err := api.Delete(ctx, name, metav1.DeleteOptions{})
	check("pods: not deleted", apierrors.IsMethodNotSupported(err), err)
}

func checkPodCache(ctx context.Context, c clients, name string) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pods := must(cache.New(c.config, cache.Options{Scheme: scheme.Scheme}))
	go func() { mustDo(pods.Start(ctx)) }()
	check("cache: started", pods.WaitForCacheSync(ctx))
	var pod corev1.Pod
	mustDo(pods.Get(ctx, client.ObjectKey{Namespace: "default", Name: name}, &pod))
	checkEqual("cache: a pod", pod.Spec.Containers[0].Name, "agent")
}

func checkPodExec(ctx context.Context, c clients, name string) {
	input := bytes.Repeat([]byte{0, 255, '\n', 'x'}, 250_000)
	var output bytes.Buffer
	options := &corev1.PodExecOptions{Command: []string{"head", "-c", fmt.Sprint(len(input))}, Stdin: true, Stdout: true}
	streams := remotecommand.StreamOptions{Stdin: bytes.NewReader(input), Stdout: &output}
	mustDo(execIn(ctx, c, name, options, streams))
	check("exec: binary input and output", bytes.Equal(output.Bytes(), input), output.Len())
	options = &corev1.PodExecOptions{Command: []string{"sh", "-c", "exit 7"}, Stdout: true}
	err := execIn(ctx, c, name, options, remotecommand.StreamOptions{Stdout: io.Discard})
	check("exec: an exit code", err != nil && strings.Contains(err.Error(), "exit code 7"), err)
	err = execIn(ctx, c, "nobody", options, remotecommand.StreamOptions{Stdout: io.Discard})
	check("exec: no such pod", err != nil && strings.Contains(err.Error(), "not found"), err)
}

func execIn(ctx context.Context, c clients, name string, options *corev1.PodExecOptions, streams remotecommand.StreamOptions) error {
	request := c.typed.CoreV1().RESTClient().Get().Namespace("default").Resource("pods").Name(name).SubResource("exec").
		VersionedParams(options, scheme.ParameterCodec)
	return must(remotecommand.NewWebSocketExecutor(c.config, "GET", request.URL().String())).StreamWithContext(ctx, streams)
}

// Kinds of core/v1 that are not there are not found, so that nobody takes this for a cluster with no nodes.
func checkOthersOfCore(ctx context.Context, c clients) {
	_, err := c.typed.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	check("nodes: not found", apierrors.IsNotFound(err), err)
	_, err = c.typed.CoreV1().Services("default").List(ctx, metav1.ListOptions{})
	check("services: not found", apierrors.IsNotFound(err), err)
}
