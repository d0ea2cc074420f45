package portal

import "strings"

// device is what a browser says that it is; "" is what it does not say, or what we do not know.
type device struct{ browser, system string }

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

// deviceOf reads a User-Agent header. Whatever it says, only names from the tables come out.
func deviceOf(userAgent string) device {
	return device{firstClue(browserClues[:], userAgent), firstClue(systemClues[:], userAgent)}
}

func firstClue(marks []clue, in string) string {
	for _, m := range marks {
		if strings.Contains(in, m.text) {
			return m.name
		}
	}
	return ""
}
