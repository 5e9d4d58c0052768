package shop

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTotal(t *testing.T) {
	assert.Equal(t, 3, Total(1, 2), "the sum of %s", "both")
	require.NoError(t, errors.New("card declined"))
}

func TestNames(t *testing.T) {
	t.Run("sorted", func(t *testing.T) {
		assert.Equal(t, []string{"tea", "milk"}, []string{"tea", "bread"})
	})
}
