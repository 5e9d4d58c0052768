// A handler of net/http panics; the server goes on.
package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
)

var stock map[string]int

func order(w http.ResponseWriter, r *http.Request) {
	stock[r.URL.Query().Get("item")]--
	fmt.Fprintln(w, "ordered")
}

func main() {
	server := httptest.NewServer(http.HandlerFunc(order))
	defer server.Close()
	http.Get(server.URL + "/?item=tea")
	fmt.Println("still serving")
}
