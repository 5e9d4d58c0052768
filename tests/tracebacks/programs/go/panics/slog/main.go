// Logs a caught panic with debug.Stack, as text and as JSON.
package main

import (
	"fmt"
	"log"
	"log/slog"
	"os"
	"runtime/debug"
)

func parse(order string) byte {
	return order[9]
}

func main() {
	defer func() {
		if reason := recover(); reason != nil {
			if os.Args[1] == "json" {
				logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
				logger.Error("order failed", "err", fmt.Sprint(reason), "stack", string(debug.Stack()))
				return
			}
			log.Printf("panic recovered: %v\n%s", reason, debug.Stack())
		}
	}()
	fmt.Println(parse("tea"))
}
