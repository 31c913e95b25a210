package webhook_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"calld/config"
	"calld/webhook"

	"github.com/google/go-cmp/cmp"
)

// TestDocumentation: the examples are what is sent, to the last field, and
// each event is listed.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile("../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(text, -1)
	if len(examples) != 3 {
		t.Fatalf("%d examples", len(examples))
	}
	for i, into := range []any{new(webhook.Event), new(webhook.Event), new(webhook.Delivery)} {
		d := json.NewDecoder(bytes.NewReader(examples[i][1]))
		d.DisallowUnknownFields()
		if err := d.Decode(into); err != nil {
			t.Errorf("example %d: %v", i, err)
		}
		var got, want any
		again, err := json.Marshal(into)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(again, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(examples[i][1], &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("example %d (-documented +sent):\n%s", i, diff)
		}
	}
	for _, e := range append(config.WebhookEvents(), webhook.TypeTest) {
		if !strings.Contains(string(text), "| `"+e+"` |") {
			t.Errorf("%s is not documented", e)
		}
	}
}
