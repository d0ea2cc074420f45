package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"tollhouse/payments"
)

// paymentsControl lets a test kill this process in the middle of a payment, and have done at once what is due. It is there with --test-mode only.
type paymentsControl struct {
	armed atomic.Pointer[string]
	work  func(ctx context.Context) (int, error)
}

// crash ends the process at the point that is armed, without a goodbye, as a power cut does.
func (c *paymentsControl) crash(point string) {
	if at := c.armed.Load(); at == nil || *at != point {
		return
	}
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {} // until the signal arrives
}

// routes are those of the control socket:
//
//	POST /payments/crash {"at": "after_submit"}    die when a payment or refund comes by this point; "" disarms
//	POST /payments/tick                            do what is due now, until nothing is: {"looks": 3}
func (c *paymentsControl) routes(mux *http.ServeMux) {
	mux.HandleFunc("POST /payments/crash", c.arm)
	mux.HandleFunc("POST /payments/tick", c.tick)
}

func (c *paymentsControl) arm(w http.ResponseWriter, r *http.Request) {
	var in struct {
		At string `json:"at"`
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1024))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil || in.At != "" && !slices.Contains(payments.CrashPoints(), in.At) {
		http.Error(w, `send {"at": one of `+strings.Join(payments.CrashPoints(), ", ")+`, or "" to disarm}`, http.StatusBadRequest)
		return
	}
	c.armed.Store(&in.At)
	w.WriteHeader(http.StatusNoContent)
}

// mostTicks bounds one call: what is due again at once would keep it for ever.
const mostTicks = 1000

func (c *paymentsControl) tick(w http.ResponseWriter, r *http.Request) {
	total := 0
	for range mostTicks {
		n, err := c.work(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		if total += n; n == 0 {
			break
		}
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, "{\"looks\": %d}\n", total)
}
