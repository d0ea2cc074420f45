package localca_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"tollhouse/certs/localca"
)

// ask returns the answers' data, one after the other.
func ask(t *testing.T, ca *localca.CA, name string, kind uint16) (answers string, code int) {
	t.Helper()
	reply, _, err := new(dns.Client).Exchange(new(dns.Msg).SetQuestion(name, kind), ca.DNSAddrs[1])
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, rr := range reply.Answer {
		all = append(all, strings.TrimPrefix(rr.String(), rr.Header().String()))
	}
	return strings.Join(all, " "), reply.Rcode
}

func TestZone_WinsOverWhatIsMadeUp(t *testing.T) {
	zone := &localca.Zone{}
	ca := start(t, func(o *localca.Options) { o.Zone = zone })
	if got, _ := ask(t, ca, "pay.acme.test.", dns.TypeA); got != "127.0.0.1" {
		t.Errorf("before: %q", got)
	}
	err := zone.Set("Pay.acme.test CNAME abc.edge.localhost\n\n_tollhouse.pay.acme.test  TXT \"token\"\nloop.test CNAME loop.test\nout.test CNAME gone.example.com\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, question := range []struct {
		name string
		kind uint16
		want string
		code int
	}{
		{"pay.acme.test.", dns.TypeA, "abc.edge.localhost. 127.0.0.1", dns.RcodeSuccess},
		{"PAY.acme.test.", dns.TypeCNAME, "abc.edge.localhost.", dns.RcodeSuccess},
		{"pay.acme.test.", dns.TypeAAAA, "abc.edge.localhost.", dns.RcodeSuccess},
		{"_tollhouse.pay.acme.test.", dns.TypeTXT, `"token"`, dns.RcodeSuccess},
		{"_tollhouse.pay.acme.test.", dns.TypeA, "", dns.RcodeSuccess},
		{"out.test.", dns.TypeA, "gone.example.com.", dns.RcodeNameError},
	} {
		if got, code := ask(t, ca, question.name, question.kind); got != question.want || code != question.code {
			t.Errorf("%s %s: %q, %s", question.name, dns.TypeToString[question.kind], got, dns.RcodeToString[code])
		}
	}
	if got, _ := ask(t, ca, "loop.test.", dns.TypeA); !strings.Contains(got, "loop.test.") {
		t.Errorf("a loop: %q", got)
	}
	if err := zone.Set("pay.acme.test"); err != nil {
		t.Fatal(err)
	}
	if got, _ := ask(t, ca, "pay.acme.test.", dns.TypeA); got != "127.0.0.1" {
		t.Errorf("after it was taken away: %q", got)
	}
}

func TestZone_TakesAllLinesOrNone(t *testing.T) {
	zone := &localca.Zone{}
	server := httptest.NewServer(zone)
	defer server.Close()
	post := func(body string) int {
		response, err := http.Post(server.URL, "text/plain", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	for _, bad := range []string{"a.test A 127.0.0.1\nb.test A nowhere", "$INCLUDE /etc/passwd", "a.test NONSENSE x", "a..test A 127.0.0.1", strings.Repeat("x", 1<<17)} {
		if code := post(bad); code != http.StatusBadRequest || zone.String() != "" {
			t.Errorf("%.40q: %d, %q", bad, code, zone)
		}
	}
	if code := post("a.test A 127.0.0.7\na.test A 127.0.0.8"); code != http.StatusOK || strings.Count(zone.String(), "\n") != 2 {
		t.Errorf("%d, %q", code, zone)
	}
	var again localca.Zone
	if err := again.Set(zone.String()); err != nil || again.String() != zone.String() {
		t.Errorf("what it prints it does not read: %v, %q", err, again.String())
	}
}
