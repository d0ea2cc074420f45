package edge

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Server serves the three listeners. Make it with New; it serves once.
type Server struct {
	config  Config
	metrics *metrics

	roll                      *roll
	secureDoor, plainDoor     *door
	secure, plain, operations *http.Server

	draining atomic.Bool
}

// New checks the configuration and reports everything that is wrong with it at once. It starts nothing.
func New(config Config) (*Server, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	config = config.withDefaults(runtime.GOMAXPROCS(0))
	metrics, err := newMetrics(config.Metrics)
	if err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	s := &Server{config: config, metrics: metrics, roll: newRoll()}
	s.secure = s.httpServer(s.secureHandler())
	s.plain = s.httpServer(s.plainHandler())
	s.operations = s.operationsServer()
	return s, s.openDoors()
}

func (s *Server) openDoors() error {
	limits := s.config.Limits
	house := &house{max: int64(limits.Connections), clients: newTally(limits.ConnectionsPerClient)}
	shaker := &handshaker{
		config:    s.config.TLS.Clone(),
		directory: s.config.Directory,
		within:    limits.HandshakeTime,
		gate:      newGate(limits.Handshakes, limits.HandshakeQueue),
		rates:     newRates(limits.HandshakeRate, limits.HandshakeBurst, s.config.Now),
		roll:      s.roll,
		done:      s.metrics.handshake,
	}
	shaker.config.GetConfigForClient = shaker.hello
	asItIs := func(_ context.Context, c *conn) (net.Conn, error) { return c, nil }
	s.secureDoor = s.door(s.config.Listeners.https, house, shaker.handshake)
	s.plainDoor = s.door(s.config.Listeners.http, house, asItIs)
	return s.metrics.watch(house)
}

func (s *Server) door(socket net.Listener, h *house, prepare func(context.Context, *conn) (net.Conn, error)) *door {
	return &door{
		socket:     socket,
		prepare:    prepare,
		trusted:    s.config.TrustedProxies,
		headerTime: s.config.Limits.ProxyHeaderTime,
		house:      h,
		refused:    s.metrics.refused,
		ready:      make(chan net.Conn),
		done:       make(chan struct{}),
	}
}

// httpServer sets net/http's own limits. ReadTimeout and WriteTimeout cover one request each, in HTTP/2 one stream: they are what ends a
// body that dribbles in and a client that does not take its answer.
func (s *Server) httpServer(h http.Handler) *http.Server {
	limits := s.config.Limits
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	return &http.Server{
		Handler:                      h,
		DisableGeneralOptionsHandler: true, // "OPTIONS *" is ours to refuse
		ReadHeaderTimeout:            limits.HeaderTime,
		ReadTimeout:                  limits.RequestTime,
		WriteTimeout:                 limits.RequestTime + limits.HeaderTime, // longer than the handler has, so that it can still say 503
		IdleTimeout:                  limits.IdleTime,
		MaxHeaderBytes:               limits.HeaderBytes,
		HTTP2:                        &http.HTTP2Config{MaxConcurrentStreams: limits.Streams},
		Protocols:                    &protocols,
		ConnContext:                  withConn,
		ConnState:                    onState,
		ErrorLog:                     log.New(s.metrics.noise(), "", 0),
	}
}

// Run serves until ctx ends or a listener fails, and then lets running requests finish. It returns nil after an orderly end, and an error
// that says so when connections had to be cut. It must be called once.
func (s *Server) Run(ctx context.Context) error {
	life, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	g, serving := errgroup.WithContext(ctx)
	defer s.config.Directory.SubscribeTurns(s.turned)()
	g.Go(func() error { return s.secureDoor.run(life) })
	g.Go(func() error { return s.plainDoor.run(life) })
	g.Go(func() error { return served("https", s.secure.Serve(s.secureDoor)) })
	g.Go(func() error { return served("http", s.plain.Serve(s.plainDoor)) })
	g.Go(func() error { return served("ops", s.operations.Serve(s.config.Listeners.ops)) })
	g.Go(func() error {
		<-serving.Done()
		return s.drain(life)
	})
	return g.Wait()
}

func served(name string, err error) error {
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return fmt.Errorf("serving %s: %w", name, err)
}

// drain ends the serving in an order that loses no request. First everybody is told to go elsewhere, while we still answer. Then the
// sockets close, what was accepted gets its first answer, and only then may net/http close idle connections: it drops the first request of
// a connection when told to shut down while reading it.
func (s *Server) drain(life context.Context) error {
	s.draining.Store(true)
	s.config.Log.Info("draining", slog.Duration("delay", s.config.DrainDelay), slog.Duration("limit", s.config.DrainTime))
	pause(life, s.config.DrainDelay)

	within, cancel := context.WithTimeout(life, s.config.DrainTime)
	defer cancel()
	for _, d := range []*door{s.secureDoor, s.plainDoor} {
		_ = d.stop()
	}
	for _, d := range []*door{s.secureDoor, s.plainDoor} {
		d.settle(within)
	}
	var g errgroup.Group
	g.Go(func() error { return end(within, "https", s.secure) })
	g.Go(func() error { return end(within, "http", s.plain) })
	err := g.Wait()
	_ = s.operations.Close() // last, so that /readyz and /metrics answer to the end
	return err
}

// end shuts a server down, by force when ctx ends first.
func end(ctx context.Context, name string, server *http.Server) error {
	err := server.Shutdown(ctx)
	if err == nil {
		return nil
	}
	_ = server.Close()
	return fmt.Errorf("draining %s: running requests were cut: %w", name, err)
}
