// Package portaltest shows a portal without storage: tenants, clients and documents in every state that a page can be in, a small in-memory
// Access and Pages behind the real server, checks of the HTML, and a headless browser to look at it. The pages' tests and the program that
// takes their pictures use it; the shipped program does not.
//
//	world := portaltest.NewWorld(portaltest.Plain())
//	server := httptest.NewTLSServer(world.Handler())
package portaltest
