package main

import (
	"context"
	"encoding/json"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/cel/common"
)

// judgeObject does with an object what a create or update does (customresource_handler.go and
// registry/customresource/strategy.go): prune, default, validate; everything but the metadata of the root and CEL.
func judgeObject(ctx context.Context, asked question) answer {
	internal, err := internalSchema(asked.Schema)
	if err != nil {
		return answer{Refused: err.Error()}
	}
	structural, err := structuralschema.NewStructural(internal)
	if err != nil {
		return answer{Refused: err.Error()}
	}
	if err := defaulting.PruneDefaults(structural); err != nil {
		return answer{Refused: err.Error()}
	}
	validator, _, err := validation.NewSchemaValidator(internal)
	if err != nil {
		return answer{Refused: err.Error()}
	}
	unknown := decoded(asked.Object, structural)
	if asked.Previous == nil {
		return answer{Object: asked.Object, Unknown: unknown, Causes: causesOf(created(ctx, asked.Object, structural, validator))}
	}
	decoded(asked.Previous, structural)
	return answer{Object: asked.Object, Unknown: unknown, Causes: causesOf(updated(ctx, asked, structural, validator))}
}

func internalSchema(schema any) (*apiextensions.JSONSchemaProps, error) {
	text, err := json.Marshal(schema)
	if err != nil {
		return nil, err
	}
	var external apiextensionsv1.JSONSchemaProps
	if err := json.Unmarshal(text, &external); err != nil {
		return nil, err
	}
	var internal apiextensions.JSONSchemaProps
	err = apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&external, &internal, nil)
	return &internal, err
}

func decoded(object map[string]any, structural *structuralschema.Structural) []string {
	unknown := pruning.PruneWithOptions(object, structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	defaulting.PruneNonNullableNullsWithoutDefaults(object, structural)
	defaulting.Default(object, structural)
	return unknown
}

func created(ctx context.Context, object map[string]any, structural *structuralschema.Structural, validator validation.SchemaValidator) field.ErrorList {
	errs := validation.ValidateCustomResource(nil, object, validator)
	errs = append(errs, objectmeta.Validate(ctx, nil, object, structural, false)...)
	return append(errs, listtype.ValidateListSetsAndMaps(nil, structural, object)...)
}

func updated(ctx context.Context, asked question, structural *structuralschema.Structural, validator validation.SchemaValidator) field.ErrorList {
	correlated := common.NewCorrelatedObject(asked.Object, asked.Previous, &model.Structural{Structural: structural})
	errs := validation.ValidateCustomResourceUpdate(nil, asked.Object, asked.Previous, validator, validation.WithRatcheting(correlated))
	errs = append(errs, objectmeta.Validate(ctx, nil, asked.Object, structural, false)...)
	if len(listtype.ValidateListSetsAndMaps(nil, structural, asked.Previous)) == 0 {
		errs = append(errs, listtype.ValidateListSetsAndMaps(nil, structural, asked.Object)...)
	}
	return errs
}

func causesOf(errs field.ErrorList) []cause {
	causes := []cause{}
	for _, err := range errs {
		causes = append(causes, cause{Type: string(err.Type), Field: err.Field, Message: err.ErrorBody()})
	}
	return causes
}
