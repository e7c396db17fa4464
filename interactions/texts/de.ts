import type { Texts } from './en.ts';

/** The pages' words in German. */
export const de: Texts = {
  cancel: 'Abbrechen',
  reference: 'Referenz',
  support: 'Hilfe',
  privacy: 'Datenschutz',
  terms: 'Nutzungsbedingungen',
  appHome: 'Über {app}',
  continueTo: 'weiter zu {app}',
  platformTitle: 'Mit IntelligenceBank anmelden',
  platformLabel: 'Ihre IntelligenceBank-Adresse',
  platformHint: 'Zum Beispiel acme.intelligencebank.com',
  platformSubmit: 'Weiter',
  platformRecent: 'In diesem Browser verwendet',
  platformForget: '{host} vergessen',
  faultEmpty: 'Geben Sie die Adresse Ihrer IntelligenceBank-Plattform ein.',
  faultNotAHost:
    'Das ist nicht die Adresse einer Plattform. Geben Sie eine wie acme.intelligencebank.com ein, keine E-Mail-Adresse.',
  faultNotAllowed:
    'Die Anmeldung an dieser Adresse ist hier nicht erlaubt. Prüfen Sie die Schreibweise oder fragen Sie Ihre Administration.',
  faultNotIb: 'Unter dieser Adresse gibt es keine IntelligenceBank-Plattform. Prüfen Sie die Schreibweise.',
  faultNotAnswering:
    'IntelligenceBank antwortet unter dieser Adresse gerade nicht. Versuchen Sie es gleich noch einmal.',
  platformSamePerson:
    'Wenn IntelligenceBank wieder dieselbe Person anmeldet, melden Sie sich zuerst dort ab.',
  waitingTitle: 'Bei IntelligenceBank anmelden',
  waitingOpen: 'Anmeldeseite öffnen',
  waitingExplain: 'Melden Sie sich im neuen Fenster bei {host} an.',
  waitingByItself: 'Diese Seite geht dann von selbst weiter.',
  waitingManual: 'Wenn Sie sich dort angemeldet haben, kommen Sie zurück und machen Sie hier weiter.',
  waitingContinue: 'Ich habe mich angemeldet',
  waitingOther: 'Andere Plattform verwenden',
  waitingRestart: 'Neu beginnen',
  waitingClock: 'IntelligenceBank wurde vor {seconds} s gefragt.',
  waitingHelp: 'Dauert es zu lange?',
  waitingHelpWindow:
    'Die Anmeldeseite ist vielleicht in einem anderen Fenster, hinter diesem. Sie können sie mit der Schaltfläche oben erneut öffnen.',
  waitingHelpOther:
    'Wenn diese Plattform Sie nicht einlässt, verwenden Sie eine andere oder brechen Sie ab: Beides finden Sie unten.',
  stateWaiting: 'Wir warten auf Ihre Anmeldung\u00a0…',
  stateSignedOutElsewhere:
    'Die Anmeldung, um die es auf dieser Seite ging, ist beendet, vielleicht in einem anderen Tab. Melden Sie sich erneut an.',
  stateNotYet: 'Sie haben sich noch nicht angemeldet. Öffnen Sie zuerst die Anmeldeseite.',
  stateRenewed:
    'Hier ist ein neuer Anmeldelink. Wenn Sie sich mit dem letzten schon anmelden, machen Sie einfach weiter.',
  stateSessionOver:
    'Ihre IntelligenceBank-Sitzung war beendet. Melden Sie sich dort noch einmal an, mit diesem neuen Link.',
  stateOlderLogin:
    'Die App verlangt eine neue Anmeldung, und IntelligenceBank hat Sie ohne eine eingelassen. Melden Sie sich dort ab und verwenden Sie dann diesen neuen Link.',
  stateNotAnswering:
    'IntelligenceBank antwortet gerade nicht. Wir versuchen es weiter; Sie müssen nichts tun.',
  stateTooOld: 'Diese Anmeldung hat zu lange gedauert. Sie können neu beginnen.',
  stateRefused:
    'Diese Anmeldung konnte nicht angenommen werden. Sie können neu beginnen oder eine andere Plattform verwenden.',
  stateRefusedSessionOver:
    'IntelligenceBank hat eine Sitzung ausgegeben, die beendet ist. Melden Sie sich dort ab und beginnen Sie dann neu.',
  stateRefusedOtherClient:
    'Diese Adresse antwortet jetzt für einen anderen Kunden von IntelligenceBank; die Anmeldung wurde deshalb nicht angenommen. Sagen Sie es Ihrer Administration.',
  stateSlow: 'IntelligenceBank antwortet langsam. Wir warten noch; Sie müssen nichts tun.',
  stateBusy: 'Wir antworten gerade nicht. Diese Seite versucht es weiter; Sie müssen nichts tun.',
  stateDone: 'Angemeldet. Einen Moment\u00a0…',
  stateOffline: 'Sie scheinen offline zu sein. Diese Seite fragt weiter und geht weiter, sobald sie kann.',
  consentTitle: 'Darf {app} Ihr Konto verwenden?',
  consentNotYou: 'Nicht Sie?',
  consentAnother:
    'Inzwischen hat sich jemand anderes angemeldet, vielleicht in einem anderen Tab. Prüfen Sie, wessen Konto dies ist.',
  consentReturn: 'Sie kehren zurück zu {host}',
  consentAsks: '{app} möchte:',
  consentUnverified: 'Niemand bei {operator} hat diese App geprüft.',
  consentTrust: 'Erlauben Sie sie nur, wenn Sie dies gerade selbst begonnen haben und {host} vertrauen.',
  consentStarted: 'Erlauben Sie sie nur, wenn Sie dies gerade selbst begonnen haben und ihr vertrauen.',
  consentNew: 'Neu',
  consentAt: 'Bei {resource}:',
  consentAllow: 'Erlauben',
  consentDeny: 'Ablehnen',
  scopeOpenid: 'Wissen, wer Sie auf dieser Plattform sind',
  scopeProfile: 'Ihren Namen und Ihre Organisation sehen',
  scopeEmail: 'Ihre E-Mail-Adresse sehen, sofern IntelligenceBank sie nennt',
  scopeOffline: 'Zugriff behalten, während Sie weg sind, bis Ihre IntelligenceBank-Sitzung endet',
  scopeApi: 'IntelligenceBank in Ihrem Namen verwenden: sehen, hinzufügen und ändern, was Sie können',
  scopeSession:
    'Ihre IntelligenceBank-Sitzung selbst erhalten. Damit kann die App alles, was Sie können, außerhalb unserer Kontrolle. Erlauben Sie das nur, wenn Sie der App völlig vertrauen.',
  goOnTitle: 'Einen Moment',
  goOnExplain: 'Diese Seite geht von selbst weiter. Falls nicht, machen Sie hier weiter.',

  errorTitle: 'Das hat nicht geklappt',
  errorLost:
    'Diese Anmeldung ist vorbei oder wurde in einem anderen Browser begonnen. Gehen Sie zur App zurück und melden Sie sich neu an.',
  errorCookies:
    'Ihr Browser hat keine Cookies gesendet: Er blockiert sie, oder diese Anmeldung wurde in einem anderen Browser begonnen. Erlauben Sie Cookies für diese Seite, gehen Sie dann zur App zurück und melden Sie sich neu an.',
  errorDeviceOver:
    'Dieser Schritt ist vorbei. Sehen Sie auf Ihr Gerät: Wenn es noch wartet, geben Sie seinen Code erneut ein.',
  errorForged: 'Dieses Formular ist abgelaufen. Gehen Sie zurück und versuchen Sie es erneut.',
  errorClient:
    'Die App, die Sie hierher geschickt hat, ist uns nicht bekannt. Bitte sagen Sie den Betreibern der App Bescheid.',
  errorRedirect:
    'Die App, die Sie hierher geschickt hat, will Sie an eine Adresse zurückschicken, die sie nicht registriert hat. Deshalb wurde nichts dorthin gesendet. Bitte sagen Sie den Betreibern der App Bescheid.',
  errorDocument:
    'Die App, die Sie hierher geschickt hat, beschreibt sich unter {host}, und diese Beschreibung ist nicht zu gebrauchen. Sagen Sie den Betreibern der App Bescheid.',
  errorResource:
    'Die App möchte Zugriff auf {resource}, das hier nicht eingerichtet ist. Ihre Administration kann es, wenn sie es kennt, in die Liste der Ressourcen aufnehmen:',
  errorRetrying:
    'Wir sind gerade überlastet. Diese Seite versucht es in einigen Sekunden selbst erneut und macht dort weiter, wo Sie waren.',
  errorRetry: 'Erneut versuchen',
  errorSignIn: 'Zurück zur Anmeldung',
  errorDevice: 'Code erneut eingeben',
  errorBack: 'Zurück zur App',
  errorMissing:
    'Unter dieser Adresse gibt es nichts. Um sich anzumelden, öffnen Sie die App, die Sie verwenden möchten.',
  errorLimited:
    'Aus Ihrem Netz kamen zu viele Versuche. Warten Sie einige Minuten und versuchen Sie es dann noch einmal.',
  errorBusy: 'Wir sind gerade überlastet. Versuchen Sie es gleich noch einmal.',
  errorServer: 'Bei uns ist etwas schiefgegangen. Versuchen Sie es gleich noch einmal.',
  errorRequest:
    'Die Anfrage der App, die Sie hierher geschickt hat, lässt sich nicht beantworten. Sagen Sie den Betreibern der App Bescheid.',
  signOutTitle: 'Abmelden?',
  signOutExplain:
    'Das beendet Ihre Anmeldung hier und den Zugriff der Apps, die Sie in diesem Browser verwenden.',
  signOutApp: '{app} möchte Sie abmelden.',
  signOutYes: 'Ja, abmelden',
  signOutNo: 'Angemeldet bleiben',
  signedOutTitle: 'Sie sind abgemeldet',
  signOutEnds: 'Diese verlieren den Zugriff:',
  signOutGoesOn: 'Diese behalten den Zugriff, wie von Ihnen erlaubt:',
  signOutMore: 'und weitere',
  signedOutExplain: 'Ihre Anmeldung hier ist beendet. Sie können dieses Fenster schließen.',
  signedOutGoesOn:
    'Apps, denen Sie Zugriff auch in Ihrer Abwesenheit erlaubt haben, behalten ihn. Wenn Sie wieder angemeldet sind, ansehen und beenden unter:',
  stayedTitle: 'Sie sind weiterhin angemeldet',
  stayedExplain: 'Es wurde nichts geändert.',
  stayedBack: 'Zurück zu {app}',
  deviceTitle: 'Gerät verbinden',
  deviceLabel: 'Code, den Ihr Gerät zeigt',
  deviceSubmit: 'Weiter',
  deviceInvalid:
    'Dieser Code ist unbekannt oder abgelaufen. Prüfen Sie ihn, oder lassen Sie sich vom Gerät einen neuen geben.',
  deviceAgain:
    'Geben Sie den Code noch einmal ein. Wenn Sie immer wieder hierher kommen, erlauben Sie Cookies für diese Seite.',
  deviceStopped:
    'Das Gerät wurde nicht verbunden und hat davon erfahren. Sie können dieses Fenster schließen.',
  deviceConfirmTitle: 'Ist das Ihr Gerät?',
  deviceConfirmExplain:
    '{app} möchte verbunden werden. Machen Sie nur weiter, wenn Ihr Gerät jetzt diesen Code zeigt:',
  deviceWarning:
    'Wenn Ihnen jemand diesen Code oder einen Link damit geschickt hat, brechen Sie ab: Diese Person bekäme Zugriff auf Ihr Konto.',
  deviceConfirm: 'Ja, verbinden',
  deviceDoneTitle: 'Ihr Gerät ist verbunden',
  deviceDoneExplain: 'Sie können zum Gerät zurückgehen und dieses Fenster schließen.',
  accountTitle: 'Apps mit Zugriff',
  accountNone: 'Keine App hat Zugriff auf Ihr Konto.',
  accountSignedOut: 'In diesem Browser ist niemand angemeldet.',
  accountHow: 'Um sich anzumelden, öffnen Sie die App, die Sie verwenden möchten.',
  accountSince: 'Zuerst verwendet: {since}, zuletzt: {used}.',
  accountSignedIn: 'Angemeldet {since}. Die Anmeldung endet {until}.',
  accountPlace: 'Erlaubt mit {browser}, von der Netzwerkadresse {address}.',
  accountPlaceHere: 'Erlaubt mit {browser}, aus dem Netzwerk, in dem Sie jetzt sind.',
  accountBrowser: '{browser} auf {system}',
  accountBrowserUnknown: 'einem unbekannten Browser',
  accountSignOut: 'Abmelden',
  accountSignOutAll: 'Hier überall abmelden',
  accountSearch: 'App suchen',
  accountSearchSubmit: 'Suchen',
  accountNotFound: 'Keine App mit diesem Namen hat Zugriff.',
  accountRevokeAll: 'Allen Zugriff entziehen\u00a0…',
  accountRevokeAllExplain:
    'Jede App verliert sofort den Zugriff auf dieses Konto. Sie können jede wieder erlauben.',
  accountRevokeAllYes: 'Allen Zugriff entziehen',
  accountRevoke: 'Zugriff entziehen',
};
