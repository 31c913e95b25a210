package campaign_test

import (
	"os"
	"strings"
	"testing"

	"calld/campaign"
)

// Whoever reads that a campaign does not dial finds the reason in the document.
func TestReasonsDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/dialling.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range campaign.Reasons() {
		if r != campaign.Dialling && !strings.Contains(string(text), "`"+string(r)+"`") {
			t.Errorf("docs/dialling.md does not tell of %s", r)
		}
	}
}
