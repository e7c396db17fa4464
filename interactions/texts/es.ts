import type { Texts } from './en.ts';

/** The pages' words in Spanish. */
export const es: Texts = {
  cancel: 'Cancelar',
  reference: 'Referencia',
  support: 'Ayuda',
  privacy: 'Privacidad',
  terms: 'Condiciones de uso',
  appHome: 'Acerca de {app}',
  continueTo: 'para continuar a {app}',
  platformTitle: 'Iniciar sesión con IntelligenceBank',
  platformLabel: 'Su dirección de IntelligenceBank',
  platformHint: 'Por ejemplo acme.intelligencebank.com',
  platformSubmit: 'Continuar',
  platformRecent: 'Usadas en este navegador',
  platformForget: 'Olvidar {host}',
  faultEmpty: 'Escriba la dirección de su plataforma de IntelligenceBank.',
  faultNotAHost:
    'Esta no es la dirección de una plataforma. Escriba una como acme.intelligencebank.com, no un correo electrónico.',
  faultNotAllowed:
    'Aquí no se permite iniciar sesión en esta dirección. Revise cómo está escrita o pregunte a su administrador.',
  faultNotIb: 'No hay ninguna plataforma de IntelligenceBank en esta dirección. Revise cómo está escrita.',
  faultNotAnswering:
    'IntelligenceBank no responde en esta dirección en este momento. Inténtelo de nuevo enseguida.',
  platformSamePerson:
    'Si IntelligenceBank vuelve a iniciar la sesión de la misma persona, ciérrela primero allí.',
  waitingTitle: 'Inicie sesión en IntelligenceBank',
  waitingOpen: 'Abrir la página de inicio de sesión',
  waitingExplain: 'Inicie sesión en {host} en la ventana nueva.',
  waitingByItself: 'Esta página continúa sola.',
  waitingManual: 'Cuando haya iniciado sesión allí, vuelva y continúe aquí.',
  waitingContinue: 'Ya he iniciado sesión',
  waitingOther: 'Usar otra plataforma',
  waitingRestart: 'Empezar de nuevo',
  waitingClock: 'Se preguntó a IntelligenceBank hace {seconds} s.',
  waitingHelp: '¿Sigue esperando?',
  waitingHelpWindow:
    'La página de inicio de sesión puede estar en otra ventana, quizá detrás de esta. Puede abrirla de nuevo con el botón de arriba.',
  waitingHelpOther: 'Si esta plataforma no le deja entrar, use otra o cancele: ambas opciones están abajo.',
  stateWaiting: 'Esperando a que inicie sesión…',
  stateSignedOutElsewhere:
    'La sesión de la que trataba esta página ha terminado, quizá en otra pestaña. Inicie sesión de nuevo para continuar.',
  stateNotYet: 'Aún no ha iniciado sesión. Abra primero la página de inicio de sesión.',
  stateRenewed:
    'Aquí tiene un nuevo enlace de inicio de sesión. Si ya está iniciando sesión con el anterior, continúe sin más.',
  stateSessionOver:
    'Su sesión de IntelligenceBank había terminado. Inicie sesión allí una vez más, con este nuevo enlace.',
  stateOlderLogin:
    'La aplicación pide que inicie sesión de nuevo, e IntelligenceBank le dejó entrar sin hacerlo. Cierre la sesión allí y use después este nuevo enlace.',
  stateNotAnswering:
    'IntelligenceBank no responde en este momento. Seguimos intentándolo; no tiene que hacer nada.',
  stateTooOld: 'Este inicio de sesión ha tardado demasiado. Puede empezar de nuevo.',
  stateRefused: 'Este inicio de sesión no se ha podido aceptar. Empiece de nuevo o use otra plataforma.',
  stateRefusedSessionOver:
    'IntelligenceBank entregó una sesión que ha terminado. Cierre la sesión allí y empiece de nuevo.',
  stateRefusedOtherClient:
    'Esta dirección responde ahora por otro cliente de IntelligenceBank, así que no se aceptó el inicio de sesión. Avise a su administrador.',
  stateSlow: 'IntelligenceBank tarda en responder. Seguimos esperando; no tiene que hacer nada.',
  stateBusy: 'No respondemos en este momento. Esta página sigue intentándolo; no tiene que hacer nada.',
  stateDone: 'Sesión iniciada. Un momento…',
  stateOffline: 'Parece que no tiene conexión. Esta página sigue preguntando y continuará en cuanto pueda.',
  consentTitle: '¿Permitir que {app} use su cuenta?',
  consentNotYou: '¿No es usted?',
  consentAnother:
    'Mientras tanto ha iniciado sesión otra persona, quizá en otra pestaña. Compruebe de quién es esta cuenta antes de continuar.',
  consentReturn: 'Volverá a {host}',
  consentAsks: '{app} solicita:',
  consentUnverified: 'Nadie en {operator} ha comprobado esta aplicación.',
  consentTrust: 'Permítala solo si acaba de iniciar esto usted mismo y confía en {host}.',
  consentStarted: 'Permítala solo si acaba de iniciar esto usted mismo y confía en ella.',
  consentNew: 'Nuevo',
  consentAt: 'En {resource}:',
  consentAllow: 'Permitir',
  consentDeny: 'Denegar',
  scopeOpenid: 'Saber quién es usted en esta plataforma',
  scopeProfile: 'Ver su nombre y su organización',
  scopeEmail: 'Ver su correo electrónico, si IntelligenceBank lo facilita',
  scopeOffline: 'Conservar el acceso mientras no está, hasta que termine su sesión de IntelligenceBank',
  scopeApi: 'Usar IntelligenceBank en su nombre: ver, añadir y cambiar lo que usted puede',
  scopeSession:
    'Obtener su propia sesión de IntelligenceBank. Con ella la aplicación puede hacer todo lo que usted puede, fuera de nuestro control. Permítalo solo si confía plenamente en ella.',
  goOnTitle: 'Un momento',
  goOnExplain: 'Esta página continúa sola. Si no lo hace, continúe aquí.',

  errorTitle: 'No ha funcionado',
  errorLost:
    'Este inicio de sesión ha terminado o se empezó en otro navegador. Vuelva a la aplicación e inicie sesión de nuevo.',
  errorCookies:
    'Su navegador no ha enviado cookies: las bloquea, o este inicio de sesión se empezó en otro navegador. Permita las cookies de este sitio, vuelva a la aplicación e inicie sesión de nuevo.',
  errorDeviceOver:
    'Este paso ha terminado. Mire su dispositivo: si sigue esperando, introduzca su código de nuevo.',
  errorForged: 'Este formulario ha caducado. Vuelva atrás e inténtelo de nuevo.',
  errorClient: 'No conocemos la aplicación que le ha enviado aquí. Avise a sus responsables.',
  errorRedirect:
    'La aplicación que le ha enviado aquí quiere devolverle a una dirección que no ha registrado. Por eso no se ha enviado nada allí. Avise a sus responsables.',
  errorDocument:
    'La aplicación que le ha enviado aquí se describe en {host}, y esa descripción no se puede usar. Avise a sus responsables.',
  errorResource:
    'La aplicación pide acceso a {resource}, que no está configurado aquí. Un administrador que lo conozca puede añadirlo a la lista de recursos:',
  errorRetrying:
    'Estamos ocupados en este momento. Esta página lo intenta de nuevo sola en unos segundos y sigue donde estaba.',
  errorRetry: 'Intentar de nuevo',
  errorSignIn: 'Volver al inicio de sesión',
  errorDevice: 'Introducir el código de nuevo',
  errorBack: 'Volver a la aplicación',
  errorMissing: 'No hay nada en esta dirección. Para iniciar sesión, abra la aplicación que quiera usar.',
  errorLimited: 'Ha habido demasiados intentos desde su red. Espere unos minutos e inténtelo de nuevo.',
  errorBusy: 'Estamos saturados en este momento. Inténtelo de nuevo enseguida.',
  errorServer: 'Algo ha fallado por nuestra parte. Inténtelo de nuevo enseguida.',
  errorRequest:
    'No se puede responder a la solicitud de la aplicación que le ha enviado aquí. Avise a sus responsables.',
  signOutTitle: '¿Cerrar sesión?',
  signOutExplain: 'Esto cierra su sesión aquí y el acceso de las aplicaciones que usa en este navegador.',
  signOutApp: '{app} solicita cerrar su sesión.',
  signOutYes: 'Sí, cerrar sesión',
  signOutNo: 'Seguir conectado',
  signedOutTitle: 'Ha cerrado sesión',
  signOutEnds: 'Estas pierden el acceso:',
  signOutGoesOn: 'Estas conservan el acceso, como usted permitió:',
  signOutMore: 'y más',
  signedOutExplain: 'Su sesión aquí ha terminado. Puede cerrar esta ventana.',
  signedOutGoesOn:
    'Las aplicaciones a las que permitió conservar el acceso en su ausencia lo siguen teniendo. Cuando vuelva a iniciar sesión, véalo y termínelo en:',
  stayedTitle: 'Su sesión sigue iniciada',
  stayedExplain: 'No se ha cambiado nada.',
  stayedBack: 'Volver a {app}',
  deviceTitle: 'Conectar un dispositivo',
  deviceLabel: 'Código que muestra su dispositivo',
  deviceSubmit: 'Continuar',
  deviceInvalid: 'Este código no se conoce o ha caducado. Revíselo o pida otro al dispositivo.',
  deviceAgain: 'Introduzca el código otra vez. Si vuelve siempre aquí, permita las cookies de este sitio.',
  deviceStopped: 'El dispositivo no se ha conectado y ya lo sabe. Puede cerrar esta ventana.',
  deviceConfirmTitle: '¿Es este su dispositivo?',
  deviceConfirmExplain:
    '{app} solicita conectarse. Continúe solo si su dispositivo muestra ahora este código:',
  deviceWarning:
    'Si alguien le ha enviado este código o un enlace con él, cancele: esa persona obtendría acceso a su cuenta.',
  deviceConfirm: 'Sí, conectarlo',
  deviceDoneTitle: 'Su dispositivo está conectado',
  deviceDoneExplain: 'Puede volver a él y cerrar esta ventana.',
  accountTitle: 'Aplicaciones con acceso',
  accountNone: 'Ninguna aplicación tiene acceso a su cuenta.',
  accountSignedOut: 'Nadie ha iniciado sesión en este navegador.',
  accountHow: 'Para iniciar sesión, abra la aplicación que quiera usar.',
  accountSince: 'Primer uso: {since}; último: {used}.',
  accountSignedIn: 'Sesión iniciada {since}. Termina {until}.',
  accountPlace: 'Permitida con {browser}, desde la dirección de red {address}.',
  accountPlaceHere: 'Permitida con {browser}, desde la red en la que está ahora.',
  accountBrowser: '{browser} en {system}',
  accountBrowserUnknown: 'un navegador desconocido',
  accountSignOut: 'Cerrar sesión',
  accountSignOutAll: 'Cerrar todas las sesiones aquí',
  accountSearch: 'Buscar una aplicación',
  accountSearchSubmit: 'Buscar',
  accountNotFound: 'Ninguna aplicación con ese nombre tiene acceso.',
  accountRevokeAll: 'Retirar todos los accesos…',
  accountRevokeAllExplain:
    'Todas las aplicaciones pierden de inmediato el acceso a esta cuenta. Puede volver a permitirlas.',
  accountRevokeAllYes: 'Retirar todos los accesos',
  accountRevoke: 'Retirar el acceso',
};
