package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/util/retry"
)

func nameIs(name string) fields.Selector { return fields.OneTermEqualSelector("metadata.name", name) }

// What typed clients do with the kinds of core/v1.
func checkTyped(ctx context.Context, c clients, _ []string) {
	namespace := freshNamespace(ctx, c, "typed")
	checkApply(ctx, c, namespace)
	checkSecret(ctx, c, namespace)
	checkPatches(ctx, c, namespace)
	checkDeletes(ctx, c, namespace)
	checkErrors(ctx, c, namespace)
}

// Server-side apply by typed configurations: shared and moved ownership, conflicts, extraction.
func checkApply(ctx context.Context, c clients, namespace string) {
	api := c.typed.CoreV1().ConfigMaps(namespace)
	one := applycorev1.ConfigMap("applied", namespace).WithLabels(map[string]string{"by": "one"}).
		WithData(map[string]string{"a": "1", "b": "1"})
	made := must(api.Apply(ctx, one, metav1.ApplyOptions{FieldManager: "one"}))
	checkEqual("apply: made", made.Data, map[string]string{"a": "1", "b": "1"})
	again := must(api.Apply(ctx, one, metav1.ApplyOptions{FieldManager: "one"}))
	checkEqual("apply: the same again changes nothing", again.ResourceVersion, made.ResourceVersion)

	two := applycorev1.ConfigMap("applied", namespace).WithData(map[string]string{"a": "2", "c": "2"})
	_, err := api.Apply(ctx, two, metav1.ApplyOptions{FieldManager: "two"})
	check("apply: a conflict", apierrors.IsConflict(err), err)
	status := err.(apierrors.APIStatus).Status()
	checkEqual("apply: the conflict names the field", status.Details.Causes, []metav1.StatusCause{{
		Type: metav1.CauseTypeFieldManagerConflict, Message: `conflict with "one"`, Field: ".data.a",
	}})
	forced := must(api.Apply(ctx, two, metav1.ApplyOptions{FieldManager: "two", Force: true}))
	checkEqual("apply: forced", forced.Data, map[string]string{"a": "2", "b": "1", "c": "2"})

	extracted := must(applycorev1.ExtractConfigMap(forced, "two"))
	checkEqual("apply: what a manager owns can be extracted", extracted.Data, map[string]string{"a": "2", "c": "2"})
	less := applycorev1.ConfigMap("applied", namespace).WithData(map[string]string{"c": "2"})
	after := must(api.Apply(ctx, less, metav1.ApplyOptions{FieldManager: "two"}))
	checkEqual("apply: what is no longer set is removed", after.Data, map[string]string{"b": "1", "c": "2"})
}

func checkSecret(ctx context.Context, c clients, namespace string) {
	api := c.typed.CoreV1().Secrets(namespace)
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "secret-"},
		Data:       map[string][]byte{"binary": {0, 255, 1}},
		StringData: map[string]string{"plain": "text"},
	}
	made := must(api.Create(ctx, secret, metav1.CreateOptions{}))
	checkEqual("secret: stringData becomes data", made.Data, map[string][]byte{"binary": {0, 255, 1}, "plain": []byte("text")})
	checkEqual("secret: its type has a default", made.Type, corev1.SecretTypeOpaque)
	yes := true
	made.Immutable = &yes
	fixed := must(api.Update(ctx, made, metav1.UpdateOptions{}))
	fixed.Data["plain"] = []byte("other")
	_, err := api.Update(ctx, fixed, metav1.UpdateOptions{})
	check("secret: what is immutable stays", apierrors.IsInvalid(err), err)
}

func checkPatches(ctx context.Context, c clients, namespace string) {
	api := c.typed.CoreV1().ConfigMaps(namespace)
	must(api.Create(ctx, newConfigMap(namespace, "patched"), metav1.CreateOptions{}))
	owner := `{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"%s","uid":"%s"}]}}`
	holder := must(api.Create(ctx, newConfigMap(namespace, "holder"), metav1.CreateOptions{}))
	second := must(api.Create(ctx, newConfigMap(namespace, "holder-2"), metav1.CreateOptions{}))
	for _, one := range []*corev1.ConfigMap{holder, second} {
		patch := fmt.Sprintf(owner, one.Name, one.UID)
		must(api.Patch(ctx, "patched", types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}))
	}
	patched := must(api.Get(ctx, "patched", metav1.GetOptions{}))
	checkEqual("patch: strategic merge joins owners by uid", len(patched.OwnerReferences), 2)
	patched = must(api.Patch(ctx, "patched", types.JSONPatchType, []byte(`[{"op":"add","path":"/data","value":{"x":"1"}}]`), metav1.PatchOptions{}))
	checkEqual("patch: JSON patch", patched.Data, map[string]string{"x": "1"})
	patched = must(api.Patch(ctx, "patched", types.MergePatchType, []byte(`{"data":{"x":null,"y":"2"}}`), metav1.PatchOptions{}))
	checkEqual("patch: merge patch", patched.Data, map[string]string{"y": "2"})
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		now := must(api.Get(ctx, "patched", metav1.GetOptions{}))
		now.Data["z"] = "3"
		_, err := api.Update(ctx, now, metav1.UpdateOptions{})
		return err
	})
	check("patch: RetryOnConflict gets through", err == nil, err)
}

func checkDeletes(ctx context.Context, c clients, namespace string) {
	api := c.typed.CoreV1().ConfigMaps(namespace)
	for i := range 5 {
		object := newConfigMap(namespace, fmt.Sprintf("bulk-%d", i))
		object.Labels = map[string]string{"bulk": "yes"}
		must(api.Create(ctx, object, metav1.CreateOptions{}))
	}
	selected := metav1.ListOptions{LabelSelector: "bulk=yes"}
	mustDo(api.DeleteCollection(ctx, metav1.DeleteOptions{}, selected))
	checkEqual("delete: a collection by labels", len(must(api.List(ctx, selected)).Items), 0)
	check("delete: the others stay", len(must(api.List(ctx, metav1.ListOptions{})).Items) > 0)

	object := must(api.Create(ctx, newConfigMap(namespace, "exact"), metav1.CreateOptions{}))
	wrong := types.UID("00000000-0000-0000-0000-000000000000")
	err := api.Delete(ctx, "exact", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &wrong}})
	check("delete: not another object", apierrors.IsConflict(err), err)
	mustDo(api.Delete(ctx, "exact", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &object.UID}}))
}

func checkErrors(ctx context.Context, c clients, namespace string) {
	api := c.typed.CoreV1().ConfigMaps(namespace)
	_, err := api.Get(ctx, "nobody", metav1.GetOptions{})
	check("error: not found", apierrors.IsNotFound(err), err)
	must(api.Create(ctx, newConfigMap(namespace, "twice"), metav1.CreateOptions{}))
	_, err = api.Create(ctx, newConfigMap(namespace, "twice"), metav1.CreateOptions{})
	check("error: already exists", apierrors.IsAlreadyExists(err), err)
	stale := must(api.Get(ctx, "twice", metav1.GetOptions{}))
	fresh := stale.DeepCopy()
	fresh.Data = map[string]string{"a": "b"}
	must(api.Update(ctx, fresh, metav1.UpdateOptions{}))
	stale.Data = map[string]string{"a": "c"}
	_, err = api.Update(ctx, stale, metav1.UpdateOptions{})
	check("error: conflict", apierrors.IsConflict(err), err)
	_, err = api.Create(ctx, newConfigMap(namespace, "Bad_Name"), metav1.CreateOptions{})
	check("error: invalid", apierrors.IsInvalid(err), err)
	_, err = c.typed.CoreV1().ConfigMaps("no-such-place").Create(ctx, newConfigMap("no-such-place", "x"), metav1.CreateOptions{})
	check("error: no namespace", apierrors.IsNotFound(err), err)
	dry := must(api.Create(ctx, newConfigMap(namespace, "dry"), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}))
	check("dry run: answered as if it was made", dry.UID != "", text(dry))
	_, err = api.Get(ctx, "dry", metav1.GetOptions{})
	check("dry run: and not made", apierrors.IsNotFound(err), err)
}
