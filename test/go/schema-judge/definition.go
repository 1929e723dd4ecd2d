package main

import (
	"context"
	"encoding/json"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
)

// judgeDefinition defaults and validates a CustomResourceDefinition as its registry does.
func judgeDefinition(ctx context.Context, asked question) answer {
	definition, err := internalDefinition(asked.Definition)
	if err != nil {
		return answer{Refused: err.Error()}
	}
	if asked.PreviousDefinition == nil {
		return answer{Causes: causesOf(validation.ValidateCustomResourceDefinition(ctx, definition))}
	}
	previous, err := internalDefinition(asked.PreviousDefinition)
	if err != nil {
		return answer{Refused: err.Error()}
	}
	return answer{Causes: causesOf(validation.ValidateCustomResourceDefinitionUpdate(ctx, definition, previous))}
}

func internalDefinition(definition map[string]any) (*apiextensions.CustomResourceDefinition, error) {
	text, err := json.Marshal(definition)
	if err != nil {
		return nil, err
	}
	var external apiextensionsv1.CustomResourceDefinition
	if err := json.Unmarshal(text, &external); err != nil {
		return nil, err
	}
	apiextensionsv1.SetDefaults_CustomResourceDefinition(&external)
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&external.Spec)
	var internal apiextensions.CustomResourceDefinition
	err = apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(&external, &internal, nil)
	return &internal, err
}
