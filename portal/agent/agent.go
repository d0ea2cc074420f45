// Package agent reads what a browser says that it is. Whatever a header holds, only names from its tables come out: they may be shown and mailed.
//
//	d := agent.Of(r.UserAgent()) // Chrome, Windows
package agent

import "strings"

// Device is a browser and what it runs on; "" is what it does not say, or what we do not know.
type Device struct{ Browser, System string }

// clue is how a browser or a system names itself in a User-Agent header.
type clue struct{ text, name string }

// Each table is in the order of telling: nearly every browser also names the ones that it wants to be taken for.
var (
	browserClues = [...]clue{
		{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"OPiOS/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Vivaldi/", "Vivaldi"},
		{"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	}
	systemClues = [...]clue{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"}, {"Macintosh", "Mac"}, {"Linux", "Linux"},
	}
)

// Of reads a User-Agent header.
func Of(userAgent string) Device {
	return Device{firstClue(browserClues[:], userAgent), firstClue(systemClues[:], userAgent)}
}

func firstClue(marks []clue, in string) string {
	for _, m := range marks {
		if strings.Contains(in, m.text) {
			return m.name
		}
	}
	return ""
}
