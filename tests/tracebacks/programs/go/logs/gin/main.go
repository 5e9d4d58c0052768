// A handler of gin panics below its Recovery.
package main

import (
	"net/http"
	"net/http/httptest"

	"github.com/gin-gonic/gin"
)

func order(c *gin.Context) {
	items := []string{"tea"}
	c.String(http.StatusOK, items[len(c.Query("item"))])
}

func main() {
	router := gin.Default()
	router.GET("/order", order)
	request := httptest.NewRequest("GET", "/order?item=milk", nil)
	router.ServeHTTP(httptest.NewRecorder(), request)
}
