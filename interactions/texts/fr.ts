import type { Texts } from './en.ts';

/** The pages' words in French. */
export const fr: Texts = {
  cancel: 'Annuler',
  reference: 'Référence',
  support: 'Aide',
  privacy: 'Confidentialité',
  terms: 'Conditions d’utilisation',
  appHome: 'À propos de {app}',
  continueTo: 'pour continuer vers {app}',
  platformTitle: 'Se connecter avec IntelligenceBank',
  platformLabel: 'Votre adresse IntelligenceBank',
  platformHint: 'Par exemple acme.intelligencebank.com',
  platformSubmit: 'Continuer',
  platformRecent: 'Utilisées dans ce navigateur',
  platformForget: 'Oublier {host}',
  faultEmpty: 'Saisissez l’adresse de votre plateforme IntelligenceBank.',
  faultNotAHost:
    'Ce n’est pas l’adresse d’une plateforme. Saisissez-en une comme acme.intelligencebank.com, pas une adresse e-mail.',
  faultNotAllowed:
    'La connexion à cette adresse n’est pas autorisée ici. Vérifiez l’orthographe ou demandez à votre administrateur.',
  faultNotIb: 'Il n’y a pas de plateforme IntelligenceBank à cette adresse. Vérifiez l’orthographe.',
  faultNotAnswering:
    'IntelligenceBank ne répond pas à cette adresse pour le moment. Réessayez dans un instant.',
  platformSamePerson:
    'Si IntelligenceBank reconnecte la même personne, déconnectez-vous d’abord de son site.',
  waitingTitle: 'Connectez-vous à IntelligenceBank',
  waitingOpen: 'Ouvrir la page de connexion',
  waitingExplain: 'Connectez-vous à {host} dans la nouvelle fenêtre.',
  waitingByItself: 'Cette page continue d’elle-même.',
  waitingManual: 'Une fois connecté, revenez ici et continuez.',
  waitingContinue: 'Je me suis connecté',
  waitingOther: 'Utiliser une autre plateforme',
  waitingRestart: 'Recommencer',
  waitingClock: 'IntelligenceBank a été interrogé il y a {seconds} s.',
  waitingHelp: 'Toujours en attente\u00a0?',
  waitingHelpWindow:
    'La page de connexion est peut-être dans une autre fenêtre, derrière celle-ci. Vous pouvez la rouvrir avec le bouton ci-dessus.',
  waitingHelpOther:
    'Si cette plateforme ne vous laisse pas entrer, utilisez-en une autre ou annulez\u00a0: voir ci-dessous.',
  stateWaiting: 'En attente de votre connexion…',
  stateSignedOutElsewhere:
    'La connexion dont parlait cette page est terminée, peut-être dans un autre onglet. Reconnectez-vous pour continuer.',
  stateNotYet: 'Vous n’êtes pas encore connecté. Ouvrez d’abord la page de connexion.',
  stateRenewed:
    'Voici un nouveau lien de connexion. Si vous vous connectez déjà avec le précédent, continuez simplement.',
  stateSessionOver:
    'Votre session IntelligenceBank était terminée. Connectez-vous-y encore une fois, avec ce nouveau lien.',
  stateOlderLogin:
    'L’application demande une nouvelle connexion, et IntelligenceBank vous a laissé entrer sans. Déconnectez-vous-y, puis utilisez ce nouveau lien.',
  stateNotAnswering:
    'IntelligenceBank ne répond pas pour le moment. Nous continuons d’essayer\u00a0; vous n’avez rien à faire.',
  stateTooOld: 'Cette connexion a pris trop de temps. Vous pouvez recommencer.',
  stateRefused: 'Cette connexion n’a pas pu être acceptée. Recommencez ou utilisez une autre plateforme.',
  stateRefusedSessionOver:
    'IntelligenceBank a donné une session qui est terminée. Déconnectez-vous-y, puis recommencez.',
  stateRefusedOtherClient:
    'Cette adresse répond maintenant pour un autre client d’IntelligenceBank\u00a0; la connexion n’a donc pas été acceptée. Prévenez votre administrateur.',
  stateSlow: 'IntelligenceBank est lent à répondre. Nous attendons toujours\u00a0; vous n’avez rien à faire.',
  stateBusy:
    'Nous ne répondons pas en ce moment. Cette page continue d’essayer\u00a0; vous n’avez rien à faire.',
  stateDone: 'Connecté. Un instant…',
  stateOffline:
    'Vous semblez être hors ligne. Cette page continue de demander et reprendra dès que possible.',
  consentTitle: 'Autoriser {app} à utiliser votre compte\u00a0?',
  consentNotYou: 'Ce n’est pas vous\u00a0?',
  consentAnother:
    'Une autre personne s’est connectée entre-temps, peut-être dans un autre onglet. Vérifiez à qui est ce compte avant de continuer.',
  consentReturn: 'Vous retournerez à {host}',
  consentAsks: '{app} demande à\u00a0:',
  consentUnverified: 'Personne chez {operator} n’a vérifié cette application.',
  consentTrust:
    'Autorisez-la seulement si vous venez de lancer cette action vous-même et si vous faites confiance à {host}.',
  consentStarted:
    'Autorisez-la seulement si vous venez de lancer cette action vous-même et si vous lui faites confiance.',
  consentNew: 'Nouveau',
  consentAt: 'Sur {resource}\u00a0:',
  consentAllow: 'Autoriser',
  consentDeny: 'Refuser',
  scopeOpenid: 'Savoir qui vous êtes sur cette plateforme',
  scopeProfile: 'Voir votre nom et votre organisation',
  scopeEmail: 'Voir votre adresse e-mail, si IntelligenceBank la donne',
  scopeOffline: 'Garder l’accès en votre absence, jusqu’à la fin de votre session IntelligenceBank',
  scopeApi: 'Utiliser IntelligenceBank en votre nom\u00a0: voir, ajouter et modifier ce que vous pouvez',
  scopeSession:
    'Obtenir votre session IntelligenceBank elle-même. L’application pourra alors faire tout ce que vous pouvez, hors de notre contrôle. N’autorisez que si vous lui faites entièrement confiance.',
  goOnTitle: 'Un instant',
  goOnExplain: 'Cette page continue d’elle-même. Sinon, continuez ici.',

  errorTitle: 'Cela n’a pas fonctionné',
  errorLost:
    'Cette connexion est terminée ou a été commencée dans un autre navigateur. Retournez à l’application et reconnectez-vous.',
  errorCookies:
    'Votre navigateur n’a pas envoyé de cookies\u00a0: il les bloque, ou cette connexion a été commencée dans un autre navigateur. Autorisez les cookies pour ce site, puis retournez à l’application et reconnectez-vous.',
  errorDeviceOver:
    'Cette étape est terminée. Regardez votre appareil\u00a0: s’il attend encore, saisissez à nouveau son code.',
  errorForged: 'Ce formulaire a expiré. Revenez en arrière et réessayez.',
  errorClient: 'L’application qui vous a envoyé ici ne nous est pas connue. Prévenez ses responsables.',
  errorRedirect:
    'L’application qui vous a envoyé ici veut vous renvoyer à une adresse qu’elle n’a pas enregistrée. Rien n’y a donc été envoyé. Prévenez ses responsables.',
  errorDocument:
    'L’application qui vous a envoyé ici se décrit à l’adresse {host}, et cette description est inutilisable. Prévenez ses responsables.',
  errorResource:
    'L’application demande l’accès à {resource}, qui n’est pas configuré ici. Un administrateur qui le connaît peut l’ajouter à la liste des ressources\u00a0:',
  errorRetrying:
    'Nous sommes surchargés en ce moment. Cette page réessaie d’elle-même dans quelques secondes et reprend là où vous étiez.',
  errorRetry: 'Réessayer',
  errorSignIn: 'Retour à la connexion',
  errorDevice: 'Saisir à nouveau le code',
  errorBack: 'Retour à l’application',
  errorMissing:
    'Il n’y a rien à cette adresse. Pour vous connecter, ouvrez l’application que vous voulez utiliser.',
  errorLimited: 'Trop de tentatives sont venues de votre réseau. Attendez quelques minutes, puis réessayez.',
  errorBusy: 'Nous sommes très sollicités. Réessayez dans un instant.',
  errorServer: 'Un problème est survenu de notre côté. Réessayez dans un instant.',
  errorRequest:
    'La demande de l’application qui vous a envoyé ici ne peut pas être traitée. Prévenez ses responsables.',
  signOutTitle: 'Se déconnecter\u00a0?',
  signOutExplain:
    'Cela met fin à votre connexion ici et à l’accès des applications utilisées dans ce navigateur.',
  signOutApp: '{app} demande votre déconnexion.',
  signOutYes: 'Oui, me déconnecter',
  signOutNo: 'Rester connecté',
  signedOutTitle: 'Vous êtes déconnecté',
  signOutEnds: 'Celles-ci perdent l’accès\u00a0:',
  signOutGoesOn: 'Celles-ci gardent l’accès, comme vous l’avez autorisé\u00a0:',
  signOutMore: 'et d’autres',
  signedOutExplain: 'Votre connexion ici est terminée. Vous pouvez fermer cette fenêtre.',
  signedOutGoesOn:
    'Les applications que vous avez autorisées à garder l’accès en votre absence l’ont toujours. Une fois reconnecté, consultez-les et mettez-y fin ici\u00a0:',
  stayedTitle: 'Vous êtes toujours connecté',
  stayedExplain: 'Rien n’a été changé.',
  stayedBack: 'Retour à {app}',
  deviceTitle: 'Connecter un appareil',
  deviceLabel: 'Code affiché sur votre appareil',
  deviceSubmit: 'Continuer',
  deviceInvalid: 'Ce code est inconnu ou a expiré. Vérifiez-le ou demandez-en un nouveau à l’appareil.',
  deviceAgain:
    'Saisissez le code encore une fois. Si vous revenez toujours ici, autorisez les cookies pour ce site.',
  deviceStopped: 'L’appareil n’a pas été connecté et en a été informé. Vous pouvez fermer cette fenêtre.',
  deviceConfirmTitle: 'Est-ce votre appareil\u00a0?',
  deviceConfirmExplain:
    '{app} demande à être connecté. Continuez seulement si votre appareil affiche ce code maintenant\u00a0:',
  deviceWarning:
    'Si quelqu’un vous a envoyé ce code ou un lien qui le contient, annulez\u00a0: cette personne aurait accès à votre compte.',
  deviceConfirm: 'Oui, le connecter',
  deviceDoneTitle: 'Votre appareil est connecté',
  deviceDoneExplain: 'Vous pouvez y retourner et fermer cette fenêtre.',
  accountTitle: 'Applications ayant accès',
  accountNone: 'Aucune application n’a accès à votre compte.',
  accountSignedOut: 'Personne n’est connecté dans ce navigateur.',
  accountHow: 'Pour vous connecter, ouvrez l’application que vous souhaitez utiliser.',
  accountSince: 'Première utilisation\u00a0: {since}\u00a0; dernière\u00a0: {used}.',
  accountSignedIn: 'Connecté {since}. La connexion se termine {until}.',
  accountPlace: 'Autorisée avec {browser}, depuis l’adresse réseau {address}.',
  accountPlaceHere: 'Autorisée avec {browser}, depuis le réseau où vous êtes maintenant.',
  accountBrowser: '{browser} sur {system}',
  accountBrowserUnknown: 'un navigateur inconnu',
  accountSignOut: 'Se déconnecter',
  accountSignOutAll: 'Se déconnecter de tout ici',
  accountSearch: 'Rechercher une application',
  accountSearchSubmit: 'Rechercher',
  accountNotFound: 'Aucune application de ce nom n’a accès.',
  accountRevokeAll: 'Retirer tous les accès…',
  accountRevokeAllExplain:
    'Toutes les applications perdent aussitôt l’accès à ce compte. Vous pourrez les autoriser de nouveau.',
  accountRevokeAllYes: 'Retirer tous les accès',
  accountRevoke: 'Retirer l’accès',
};
