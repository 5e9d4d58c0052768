package shop

import (
	"testing"
	"time"
)

func wait() {
	time.Sleep(time.Minute)
}

func TestSlow(t *testing.T) {
	wait()
}
