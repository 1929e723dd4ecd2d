// Judges requests and roles as kube-apiserver does (plugin/pkg/auth/authorizer/rbac, and the escalation check of
// pkg/registry/rbac/validation): one JSON question per line of standard input, one JSON answer per line of standard
// output.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/kubernetes/pkg/registry/rbac/validation"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac"
)

// question is a set of roles and bindings, requests by users, and rules that users want to give.
type question struct {
	Roles               []*rbacv1.Role               `json:"roles"`
	RoleBindings        []*rbacv1.RoleBinding        `json:"roleBindings"`
	ClusterRoles        []*rbacv1.ClusterRole        `json:"clusterRoles"`
	ClusterRoleBindings []*rbacv1.ClusterRoleBinding `json:"clusterRoleBindings"`
	Requests            []asked                      `json:"requests"`
	Given               []given                      `json:"given"`
}

type subject struct {
	Name   string   `json:"name"`
	Groups []string `json:"groups"`
}

type asked struct {
	User        subject `json:"user"`
	Verb        string  `json:"verb"`
	Path        string  `json:"path"`
	IsResource  bool    `json:"isResource"`
	Group       string  `json:"group"`
	Resource    string  `json:"resource"`
	Subresource string  `json:"subresource"`
	Namespace   string  `json:"namespace"`
	Name        string  `json:"name"`
}

type given struct {
	User      subject             `json:"user"`
	Namespace string              `json:"namespace"`
	Rules     []rbacv1.PolicyRule `json:"rules"`
}

// answer has a verdict for each request, and for each set of rules what its giver lacks, empty when nothing.
type answer struct {
	Allowed []bool   `json:"allowed"`
	Lacking []string `json:"lacking"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := encoder.Encode(judged(q)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func judged(q question) answer {
	resolver, static := validation.NewTestRuleResolver(q.Roles, q.RoleBindings, q.ClusterRoles, q.ClusterRoleBindings)
	judge := rbac.New(static, static, static, static)
	result := answer{Allowed: []bool{}, Lacking: []string{}}
	for _, one := range q.Requests {
		decision, _, _ := judge.Authorize(context.Background(), authorizer.AttributesRecord{
			User: info(one.User), Verb: one.Verb, Path: one.Path, ResourceRequest: one.IsResource, APIGroup: one.Group,
			Resource: one.Resource, Subresource: one.Subresource, Namespace: one.Namespace, Name: one.Name,
		})
		result.Allowed = append(result.Allowed, decision == authorizer.DecisionAllow)
	}
	for _, one := range q.Given {
		ctx := request.WithNamespace(request.WithUser(context.Background(), info(one.User)), one.Namespace)
		text := ""
		if err := validation.ConfirmNoEscalation(ctx, resolver, one.Rules); err != nil {
			text = err.Error()
		}
		result.Lacking = append(result.Lacking, text)
	}
	return result
}

func info(one subject) user.Info {
	return &user.DefaultInfo{Name: one.Name, Groups: one.Groups}
}
