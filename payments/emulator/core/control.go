package core

import (
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// Control lets other processes do over HTTP what Go callers do: JSON under /_emulator/. It answers the page's own origin and programs; a request that a
// browser makes for another site is refused, and it carries no secrets.
//
//	GET    /_emulator/clock                   {"now"}
//	POST   /_emulator/clock                   {"advance_seconds"} or {"set"}; answers when all that fell due is done
//	GET    /_emulator/faults                  {"armed", "struck"}
//	POST   /_emulator/faults                  a Fault; answers its id
//	DELETE /_emulator/faults/{id}             "all" disarms all
//	GET    /_emulator/deliveries              {"deliveries", "rules"}
//	POST   /_emulator/deliveries/{id}/resend
//	POST   /_emulator/deliveries/{id}/drop
//	POST   /_emulator/rules                   a Rule; answers its id
//	DELETE /_emulator/rules/{id}              "all" takes all away
//	GET    /_emulator/calls                   number of calls per route
func (c *Core) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_emulator/clock", c.showClock)
	mux.HandleFunc("POST /_emulator/clock", c.moveClock)
	mux.HandleFunc("GET /_emulator/faults", func(w http.ResponseWriter, _ *http.Request) {
		WriteJSON(w, http.StatusOK, map[string]any{"armed": c.Faults.Armed(), "struck": c.Faults.Strikes()})
	})
	mux.HandleFunc("POST /_emulator/faults", func(w http.ResponseWriter, r *http.Request) { add(w, r, c.Faults.Arm) })
	mux.HandleFunc("DELETE /_emulator/faults/{id}", c.disarm)
	mux.HandleFunc("GET /_emulator/deliveries", func(w http.ResponseWriter, _ *http.Request) {
		WriteJSON(w, http.StatusOK, map[string]any{"deliveries": c.Deliveries.Log(), "rules": c.Deliveries.Rules()})
	})
	mux.HandleFunc("POST /_emulator/deliveries/{id}/resend", func(w http.ResponseWriter, r *http.Request) {
		done(w, c.Deliveries.Resend(r.PathValue("id")))
	})
	mux.HandleFunc("POST /_emulator/deliveries/{id}/drop", func(w http.ResponseWriter, r *http.Request) {
		done(w, c.Deliveries.Drop(r.PathValue("id")))
	})
	mux.HandleFunc("POST /_emulator/rules", func(w http.ResponseWriter, r *http.Request) { add(w, r, c.Deliveries.Script) })
	mux.HandleFunc("DELETE /_emulator/rules/{id}", c.unscript)
	mux.HandleFunc("GET /_emulator/calls", func(w http.ResponseWriter, _ *http.Request) { WriteJSON(w, http.StatusOK, c.Calls.All()) })
	return http.NewCrossOriginProtection().Handler(mux)
}

func (c *Core) showClock(w http.ResponseWriter, _ *http.Request) {
	WriteJSON(w, http.StatusOK, map[string]any{"now": c.Clock.Now()})
}

func (c *Core) moveClock(w http.ResponseWriter, r *http.Request) {
	var move struct {
		Seconds int64     `json:"advance_seconds"`
		Set     time.Time `json:"set"`
	}
	if !read(w, r, &move) {
		return
	}
	if move.Seconds < 0 || move.Seconds > 10*366*86400 {
		WriteProblem(w, http.StatusBadRequest, "advance_seconds must be 0 to ten years; use set to go back")
		return
	}
	if !move.Set.IsZero() {
		c.Clock.Set(move.Set)
	}
	c.Clock.Advance(time.Duration(move.Seconds) * time.Second)
	c.showClock(w, r)
}

func (c *Core) disarm(w http.ResponseWriter, r *http.Request) {
	if id := r.PathValue("id"); id == "all" {
		c.Faults.DisarmAll()
	} else {
		c.Faults.Disarm(id)
	}
	done(w, nil)
}

func (c *Core) unscript(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if id == "all" {
		id = ""
	}
	c.Deliveries.Unscript(id)
	done(w, nil)
}

func add[T any](w http.ResponseWriter, r *http.Request, do func(T) (string, error)) {
	var v T
	if !read(w, r, &v) {
		return
	}
	id, err := do(v)
	if err != nil {
		WriteProblem(w, http.StatusBadRequest, err.Error())
		return
	}
	WriteJSON(w, http.StatusCreated, map[string]string{"id": id})
}

func done(w http.ResponseWriter, err error) {
	if err != nil {
		WriteProblem(w, http.StatusNotFound, err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func read(w http.ResponseWriter, r *http.Request, v any) bool {
	decoder := json.NewDecoder(io.LimitReader(r.Body, 64<<10))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		WriteProblem(w, http.StatusBadRequest, "the body is not the JSON that is expected here: "+err.Error())
		return false
	}
	return true
}

// WriteJSON answers with v as indented JSON.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"the answer has no JSON form"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a client that left does not matter
}

// WriteProblem answers an error of the control surface.
func WriteProblem(w http.ResponseWriter, status int, text string) {
	WriteJSON(w, status, map[string]string{"error": text})
}
