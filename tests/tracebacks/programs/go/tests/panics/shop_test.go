package shop

import "testing"

func TestOne(t *testing.T) {
	if Total(1, 2) != 1 {
		t.Error("one")
	}
}

func TestNone(t *testing.T) {
	t.Run("empty", func(t *testing.T) {
		Total()
	})
}
