// Logs with zap, as text in development and as JSON in production.
package main

import (
	"os"

	"github.com/pkg/errors"
	"go.uber.org/zap"
)

func charge(log *zap.Logger) {
	log.Error("checkout failed", zap.Error(errors.New("card declined")), zap.Int("order", 7))
}

func main() {
	log, _ := zap.NewProduction()
	if os.Args[1] == "text" {
		log, _ = zap.NewDevelopment()
		log.Warn("slow card reader")
	}
	charge(log)
	log.Info("closing")
}
