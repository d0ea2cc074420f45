package portal

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"tollhouse/portal/access"
	"tollhouse/portal/route"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// Logos is where the brand routes get a tenant's logo. Implemented by tenantdb.
type Logos interface {
	// Logo returns the stored, re-encoded bytes of the tenant's logo with that hash and their content type. tenant.ErrNotFound says that
	// this tenant has no such logo.
	Logo(ctx context.Context, id tenant.ID, hash string) (data []byte, contentType string, err error)
}

// Config is what a Server needs. Every field is required but Processors and PublicPort.
type Config struct {
	Access Access
	Pages  Pages
	Logos  Logos
	// Methods changes what clients have saved to pay with.
	Methods Methods
	// Payments takes payments.
	Payments Payments
	// Processors says where their scripts come from; the zero value is their own addresses.
	Processors Processors
	Now        func() time.Time
	Log        *slog.Logger // gets the cause of every 5xx, with the request id; never a token, a name or an address
	PublicPort int          // of the portal's URLs, for processors that lead a payer back; 0 and 443 are left out of them
}

// Server answers every path of a tenant's host. It is safe for any number of goroutines.
type Server struct {
	access     Access
	pages      Pages
	logos      Logos
	methods    Methods
	payments   Payments
	processors Processors
	portSuffix string // of the portal's URLs, "" for the usual port
	now        func() time.Time
	log        *slog.Logger
	assets     *assets
	router     *route.Router
	handler    http.Handler
}

// New checks config and returns a server. It reads nothing and starts nothing.
func New(config Config) (*Server, error) {
	if config.Access == nil || config.Pages == nil || config.Logos == nil || config.Methods == nil || config.Payments == nil || config.Now == nil || config.Log == nil {
		return nil, errors.New("portal: Access, Pages, Logos, Methods, Payments, Now and Log are all required")
	}
	files, err := loadAssets()
	if err != nil {
		return nil, err
	}
	s := &Server{access: config.Access, pages: config.Pages, logos: config.Logos, methods: config.Methods, payments: config.Payments, processors: config.Processors,
		now: config.Now, log: config.Log, assets: files}
	if config.PublicPort != 0 && config.PublicPort != 443 {
		s.portSuffix = ":" + strconv.Itoa(config.PublicPort)
	}
	s.router = s.routes()
	s.handler = s.chain(s.router)
	return s, nil
}

// ServeHTTP answers one request. Its context must carry the request.Info that the edge made; without a tenant in it the answer is 421.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Routes lists every route, for the test that walks them all.
func (s *Server) Routes() []route.Route { return s.router.Routes() }

// chain is what every request passes before its route: headers that hold for every answer, the tenant, and no POST from elsewhere. The
// session comes last, in member, because most paths of a link's journey have none.
func (s *Server) chain(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(s.status(http.StatusForbidden))
	return withHeaders(s.withTenant(protection.Handler(s.withPreview(next))))
}

// withTenant refuses a request on a host that is no tenant's.
func (s *Server) withTenant(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if site := request.From(r.Context()).Site; site == nil || site.Tenant == nil {
			s.Error(w, r, http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) routes() *route.Router {
	r := route.New(s.status(http.StatusNotFound), s.status(http.StatusMethodNotAllowed))
	get := func(pattern string, h http.Handler) { r.Handle(http.MethodGet, pattern, h) }
	post := func(pattern string, h http.Handler) { r.Handle(http.MethodPost, pattern, h) }

	get("/", goTo("/portal/"))
	get("/portal", goTo("/portal/"))
	get("/portal/", s.member(s.showHome))
	get("/portal/invoices", s.member(s.showInvoices))
	get("/portal/invoices/:id", s.member(s.showInvoice))
	s.payRoutes(get, post)
	get(historyPath, s.member(s.showHistory))
	get(methodsPath, s.member(s.showMethods))
	get(addMethodPath+"/:kind", s.addingMethod(s.showAddMethod))
	post(addMethodPath+"/:kind", s.addingMethod(s.addMethod))
	get(methodBackPath, s.member(s.backFromBank))
	get(methodsPath+"/:id", s.member(s.ofMethod(s.showVerifyMethod)))
	post(methodsPath+"/:id", s.changesMethod(verifyKept, s.verifyMethod))
	post(methodsPath+"/:id/default", s.changesMethod(preferForm, s.preferMethod))
	get(methodsPath+"/:id/remove", s.member(s.ofMethod(s.askRemoveMethod)))
	post(methodsPath+"/:id/remove", s.changesMethod(removeForm, s.removeMethod))
	get("/portal/activity", s.member(s.showActivity))
	get(activityFile, s.member(s.downloadActivity))
	get("/portal/people", s.member(s.showPeople))
	post("/portal/people", s.member(s.askForColleague))
	get("/portal/companies", s.member(s.showCompanies))
	post("/portal/companies/:id", s.member(s.switchCompany))
	get("/portal/confirm", s.member(s.showStepUp))
	post("/portal/confirm", s.member(s.passStepUp))
	post("/portal/confirm/send", s.member(s.sendStepUp))
	get("/portal/account", s.member(s.showAccount))
	post("/portal/account/details", s.memberForm(detailsForm, s.saveDetails))
	get("/portal/account/email", s.requireStepUp(newEmailForm, s.showEmail))
	post("/portal/account/email", s.requireStepUp(newEmailForm, s.askEmail))
	post("/portal/account/email/code", s.requireStepUp(emailCodeForm, s.confirmEmail))
	post("/portal/account/sessions/:id/sign-out", s.member(s.endOwnSession))
	post("/portal/account/sign-out-everywhere", s.member(s.signOutEverywhere))

	get("/portal/l/:token", s.public(s.showLanding))
	post("/portal/l/:token", s.public(s.redeemLink))
	post("/portal/l/:token/resend", s.public(s.resendLink))
	get("/portal/l/:token/ask", s.public(s.showOwnAccess))
	post("/portal/more", s.public(s.askMore))
	post("/portal/l/:token/ask", s.public(s.askOwnAccess))
	get("/portal/access-asked", s.public(s.showAccessAsked))
	get("/portal/preview/:token", s.public(s.showPreview))
	post("/portal/preview/:token", s.public(s.openPreview))
	post("/portal/end-preview", s.public(s.endPreview))
	get("/portal/preview-ended", s.public(s.showPreviewEnded))
	get("/portal/sign-in", s.public(s.showSignIn))
	post("/portal/sign-in", s.public(s.requestLink))
	get("/portal/sign-in/sent", s.public(s.showSent))
	post("/portal/sign-in/code", s.public(s.redeemCode))
	post("/portal/sign-out", s.public(s.signOut))
	get("/portal/signed-out", s.public(s.showSignedOut))
	get("/portal/test", s.public(s.showTest))

	get("/brand/:file", s.public(s.serveStyle))
	get("/brand/:file/:hash", s.public(s.serveLogo))
	get("/assets/:file", s.public(s.serveAsset))
	get("/favicon.ico", s.public(s.serveIcon))
	get("/robots.txt", s.public(s.serveRobots))
	return r
}

// handler answers a request or says why not; the error becomes a page in fail.
type handler func(w http.ResponseWriter, r *http.Request) error

// memberHandler is a handler that somebody must be signed in for.
type memberHandler func(w http.ResponseWriter, r *http.Request, session access.Session) error

func (s *Server) public(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

func (s *Server) member(h memberHandler) http.Handler { return s.public(s.asMember(h)) }

func (s *Server) asMember(h memberHandler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if p := previewOf(r); p != nil {
			return s.notingPreview(w, r, h, *p)
		}
		session, err := s.session(r)
		if err != nil {
			return err
		}
		if session, err = s.confirmed(w, r, session); err != nil {
			return err
		}
		s.allowWatching(w, session)
		return h(w, r, session)
	}
}

// status always answers with the page of one status.
func (s *Server) status(status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.Error(w, r, status) })
}

func goTo(path string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seeOther(w, path) })
}

// seeOther answers 303 with a path of this host. It does not use http.Redirect, which would repeat the path in a body.
func seeOther(w http.ResponseWriter, path string) {
	w.Header().Set("Location", path)
	w.WriteHeader(http.StatusSeeOther)
}
