// A worker's goroutine panics while others wait.
package main

import (
	"sync"
	"time"
)

type job struct{ parts, people int }

func share(j job) int {
	return j.parts / j.people
}

func worker(jobs <-chan job, done *sync.WaitGroup) {
	defer done.Done()
	for j := range jobs {
		share(j)
	}
}

func main() {
	jobs := make(chan job)
	var done sync.WaitGroup
	done.Add(1)
	go func() { time.Sleep(time.Hour) }()
	go worker(jobs, &done)
	jobs <- job{parts: 4}
	done.Wait()
}
