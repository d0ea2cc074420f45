package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrow is an import that must not be: from a room (and all below it) to a package (and all below it).
type arrow struct{ from, to, why string }

var forbidden = []arrow{
	{"edge", "portal", "the edge is handed http.Handlers; it serves whatever they are"},
	{"edge", "payments", "the edge knows nothing of money"},
	{"edge", "certs", "the edge is handed a *tls.Config"},
	{"certs", "edge", "certificates are given to whoever asks by hello"},
	{"certs", "portal", "certificates know hosts, not pages"},
	{"certs", "payments", "certificates know hosts, not money"},
	{"tenant", "edge", "tenant is the ground floor"},
	{"tenant", "certs", "tenant is the ground floor"},
	{"tenant", "portal", "tenant is the ground floor"},
	{"tenant", "payments", "tenant is the ground floor"},
	{"tenant/domaindoctor", "github.com/jackc/pgx", "the doctor asks DNS and our own doors, and keeps nothing"},
	{"payments", "edge", "money is the same over any transport"},
	{"payments", "portal", "money knows no pages; what it causes there is a hook"},
	{"payments", "certs", "money knows no hosts"},
	{"payments/ledger", "payments", "the ledger is the ground of its room"},
	{"portal", "edge", "pages are http.Handlers that any server can serve"},
	{"portal", "certs", "pages know nothing of certificates"},
	{"portal/access", "github.com/jackc/pgx", "SQL lives in accessdb"},
	{"portal/api", "github.com/jackc/pgx", "SQL lives in apidb"},
	{"portal/format", "net/http", "formats are text"},
	{"portal/document", "net/http", "papers are bytes; who asks for them is somebody else's business"},
	{"portal/document", "database/sql", "papers are made from data that is given"},
	{"portal/document", "github.com/jackc/pgx", "papers are made from data that is given"},
	{"portal/document", "portal/access", "papers know nobody's session"},
	{"portal/document", "portal/mail", "mail attaches papers, not the other way round"},
	{"payments", "github.com/jackc/pgx", "SQL lives in paymentsdb"},
	{"payments/ledger", "net/http", "the ledger is arithmetic"},
}

// exceptions are packages that a rule's prefix catches and that it is not about.
var exceptions = []string{"portal/access/accessdb", "portal/access/accessredis", "portal/api/apidb", "payments/paymentsdb", "payments/paymentstest"}

// module is one line of `go list -json`.
type module struct {
	ImportPath                         string
	Name                               string
	Imports, TestImports, XTestImports []string
	Deps                               []string
}

func listPackages(t *testing.T) []module {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Name,Imports,TestImports,XTestImports,Deps", "tollhouse/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []module
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var m module
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
}

func TestImports_ArrowsPointOneWay(t *testing.T) {
	list := listPackages(t)
	if len(list) < 15 {
		t.Fatalf("only %d packages listed", len(list))
	}
	for _, m := range list {
		for _, rule := range forbidden {
			if !below(m.ImportPath, "tollhouse/"+rule.from) || slices.Contains(exceptions, strings.TrimPrefix(m.ImportPath, "tollhouse/")) {
				continue
			}
			for _, imported := range m.Imports {
				if below(imported, "tollhouse/"+rule.to) && !below("tollhouse/"+rule.to, "tollhouse/"+rule.from) && !below(imported, "tollhouse/"+rule.from) || below(imported, rule.to) {
					t.Errorf("%s imports %s: %s", m.ImportPath, imported, rule.why)
				}
			}
		}
	}
}

// below reports whether path is the package root or one under it.
func below(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }

func TestImports_DatabasePackagesAreOnlyForWiring(t *testing.T) {
	isDB := func(path string) bool { return strings.HasPrefix(path, "tollhouse/") && strings.HasSuffix(path, "db") }
	for _, m := range listPackages(t) {
		if strings.HasPrefix(m.ImportPath, "tollhouse/cmd/") || isDB(m.ImportPath) || strings.HasSuffix(m.ImportPath, "test") {
			continue
		}
		for _, imported := range m.Imports {
			if isDB(imported) {
				t.Errorf("%s imports %s: only cmd and other database packages may; declare an interface where it is used", m.ImportPath, imported)
			}
		}
	}
}

// fpdf has moved house once; where it is taken from is one line of one package.
func TestImports_OnePackageWritesPDF(t *testing.T) {
	for _, m := range listPackages(t) {
		if m.ImportPath != "tollhouse/portal/document/sheet" && slices.Contains(m.Imports, "github.com/go-pdf/fpdf") {
			t.Errorf("%s imports fpdf: only portal/document/sheet does", m.ImportPath)
		}
	}
}

func TestImports_NoTestCodeInTheBinary(t *testing.T) {
	for _, m := range listPackages(t) {
		if m.ImportPath != "tollhouse/cmd/tollhouse" {
			continue
		}
		for _, dep := range m.Deps {
			if dep == "testing" || strings.HasPrefix(dep, "tollhouse/") && strings.HasSuffix(dep, "test") {
				t.Errorf("the binary holds %s", dep)
			}
		}
		return
	}
	t.Error("cmd/tollhouse is not listed")
}
