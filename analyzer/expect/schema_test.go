package expect

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/xeipuuv/gojsonschema"
	"go.yaml.in/yaml/v3"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/metric"
)

var update = flag.Bool("update", false, "rewrite schema.json")

type object = map[string]any

// schema is made from the tables that the parser reads by, so that each has every key of the other.
func schema() object {
	ref := func(name string) object { return object{"$ref": "#/definitions/" + name} }
	orList := func(of object) object {
		return object{"anyOf": []object{of, {"type": "array", "items": of, "minItems": 1}}}
	}
	text := object{"type": "string", "minLength": 1}
	var findings []string
	for _, r := range analyzer.Rules {
		findings = append(findings, r.Name)
	}
	quantities := func(names object) object {
		return object{"type": "object", "propertyNames": names, "additionalProperties": ref("quantity"), "minProperties": 1}
	}
	special := map[string]object{
		"captures":     {"type": "array", "items": ref("capture"), "minItems": 1},
		"files":        orList(text),
		"allow":        {"anyOf": []object{ref("allowed"), {"type": "array", "items": ref("allowed")}}},
		"expect":       {"type": "array", "items": ref("expectation"), "minItems": 1},
		"name":         text,
		"flows":        ref("flows"),
		"may-be-empty": {"type": "boolean"},
		"count":        ref("quantity"),
		"findings":     {"anyOf": []object{{"const": "none"}, orList(ref("finding")), quantities(ref("finding"))}},
		"metrics":      orList(text),
		"fail-on":      orList(text),
		"port":         orList(object{"type": []string{"integer", "string"}}),
		"finding":      orList(ref("finding")),
		"where":        orList(text),
		"reason":       text,
		"until":        {"type": "string", "pattern": `^\d{4}-\d{2}-\d{2}$`},
	}
	keys := func(keys []Key, counted bool, required ...string) object {
		properties := object{}
		for _, k := range keys {
			is, ok := special[k.Name]
			if !ok {
				values := object{"type": []string{"string", "integer"}}
				if w := metric.WordNamed(k.Name); w.Of != nil {
					values = object{"anyOf": []object{{"enum": w.Of}, {"type": "string"}}} // in any spelling
				}
				is = orList(values)
				if counted {
					is = object{"anyOf": []object{values, {"type": "array", "items": values, "minItems": 1}, quantities(object{})}}
				}
			}
			described := object{"description": k.Doc}
			for name, value := range is {
				described[name] = value
			}
			if ref, ok := is["$ref"]; ok { // beside which draft 7 looks at nothing
				described = object{"description": k.Doc, "allOf": []object{{"$ref": ref}}}
			}
			properties[k.Name] = described
		}
		o := object{"type": "object", "properties": properties, "additionalProperties": false}
		if len(required) > 0 {
			o["required"] = required
		}
		return o
	}
	file := keys(FileKeys, false, "captures")
	file["$schema"] = "http://json-schema.org/draft-07/schema#"
	file["title"] = "What tcpwhy expects of captures"
	file["definitions"] = object{
		"capture":     keys(EntryKeys, false, "files", "expect"),
		"expectation": keys(ItemKeys, true),
		"flows":       keys(FlowsKeys, false),
		"allowed":     object{"anyOf": []object{{"const": "truncated"}, keys(ExceptionKeys, false, "flows", "reason", "until")}},
		"finding":     object{"enum": findings},
		"quantity": object{"anyOf": []object{{"type": "integer", "minimum": 0}, {"enum": []string{"none", "all", "any"}},
			{"type": "string", "pattern": `^(at (least|most) )?\d+(\.\d+%|%)?$|^\d+(\.\d+%|%)? to \d+(\.\d+%|%)?$`}}},
	}
	return file
}

func TestSchema(t *testing.T) {
	want, err := json.MarshalIndent(schema(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile("schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(Schema, want) {
		t.Error("schema.json is not what the parser reads by: go test ./analyzer/expect -update")
	}
}

// What the parser reads the schema admits, and what it refuses for its keys or words the schema refuses, too.
func TestSchemaAgrees(t *testing.T) {
	s, err := gojsonschema.NewSchema(gojsonschema.NewGoLoader(schema()))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		item("count: at least 3"): true,
		item("{count: 3 to 5%, opening: complete, closing: [orderly, reset], kind: {three-way: 90.5%}, name: x}"):                                   true,
		item("{flows: {server: 443, port: [80, 81], finding: half-open, where: connect > 1s, state: TIME_WAIT}, fail-on: [warning, refused > 5%]}"): true,
		item("{findings: {half-open: none, syn-flood: any}, may-be-empty: true, metrics: connect < 1s}"):                                            true,
		item("client.states: CLOSED SYN_SENT"): true,
		allow("truncated"):                     true,
		allow("[truncated, {flows: {port: 1}, reason: x, until: 2026-12-31, count: at most 2, name: n}]"): true,
		item("count: lots"):                                 false,
		item("opning: complete"):                            false,
		item("server: 10.0.0.1"):                            false,
		item("findings: {half-opne: none}"):                 false,
		item("findings: [half-opne]"):                       false,
		item("{flows: {sever: 1}, count: 1}"):               false,
		item("opening: {complete: many}"):                   false,
		item("may-be-empty: perhaps"):                       false,
		allow("anything"):                                   false,
		allow("{flows: {port: 1}, until: 2026-12-31}"):      false,
		allow("{flows: {port: 1}, reason: x, until: soon}"): false,
		"captuers: []":                                      false,
		"captures: [{files: a}]":                            false,
	} {
		_, err := Parse("f.yaml", []byte(text))
		if (err == nil) != want {
			t.Errorf("%s: is read with %v", text, err)
		}
		var v any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		r, err := s.Validate(gojsonschema.NewGoLoader(plain(v)))
		if err != nil {
			t.Fatal(err)
		}
		if r.Valid() != want {
			t.Errorf("%s: the schema says %v, %v", text, r.Valid(), r.Errors())
		}
	}
}

// plain is v as JSON has it: a day is a word.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
		return v
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
		return v
	case interface{ Format(string) string }:
		return v.Format("2006-01-02")
	}
	return v
}
