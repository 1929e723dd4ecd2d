package main

import (
	"context"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/restmapper"
)

// Discovery, the mapper made of it, and the schemas.
func checkDiscovery(_ context.Context, c clients, _ []string) {
	discovery := c.typed.Discovery()
	info := must(discovery.ServerVersion())
	_, err := version.ParseSemantic(info.GitVersion)
	check("version: gitVersion can be parsed", err == nil, info.GitVersion)

	groups, lists, err := discovery.ServerGroupsAndResources()
	check("discovery: all groups answer", err == nil, err)
	names := map[string]bool{}
	for _, group := range groups {
		names[group.Name] = true
	}
	for _, name := range []string{"", "agent.wecode.io", "apiextensions.k8s.io", "coordination.k8s.io", "events.k8s.io"} {
		check("discovery: group "+name, names[name], text(names))
	}
	found := map[string][]string{}
	for _, list := range lists {
		for _, resource := range list.APIResources {
			found[list.GroupVersion+"/"+resource.Name] = resource.Verbs
		}
	}
	check("discovery: tasks/status", len(found["agent.wecode.io/v1/tasks/status"]) > 0, text(found))
	for _, verb := range []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"} {
		check("discovery: secrets can "+verb, strings.Contains(strings.Join(found["v1/secrets"], " "), verb), found["v1/secrets"])
	}
	checkMapper(c)
	checkSchemas(c)
}

func checkMapper(c clients) {
	cached := memory.NewMemCacheClient(c.typed.Discovery())
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(cached)
	mapping := must(mapper.RESTMapping(schema.GroupKind{Group: "agent.wecode.io", Kind: "Task"}))
	checkEqual("mapper: kind to resource", mapping.Resource.String(), "agent.wecode.io/v1, Resource=tasks")
	checkEqual("mapper: scope", string(mapping.Scope.Name()), "namespace")
	expander := restmapper.NewShortcutExpander(mapper, cached, func(warning string) { os.Stderr.WriteString(warning) })
	resource := must(expander.ResourceFor(schema.GroupVersionResource{Resource: "gh"}))
	checkEqual("mapper: short name", resource.Resource, "ghosts")
	categories := restmapper.NewDiscoveryCategoryExpander(cached)
	members, ok := categories.Expand("troupe")
	check("mapper: category", ok && len(members) > 1, text(members))
}

func checkSchemas(c clients) {
	paths := must(c.typed.Discovery().OpenAPIV3().Paths())
	document, ok := paths["apis/agent.wecode.io/v1"]
	check("openapi v3: has our group", ok, len(paths))
	content := must(document.Schema("application/json"))
	check("openapi v3: has our kinds", strings.Contains(string(content), "io.wecode.agent.v1.Task"))
	v2 := must(c.typed.Discovery().OpenAPISchema())
	kinds := map[string]bool{}
	for _, definition := range v2.Definitions.AdditionalProperties {
		kinds[definition.Name] = true
	}
	check("openapi v2: in protobuf, with our kinds", kinds["io.wecode.agent.v1.Task"], len(kinds))
}
