/** The pages' words in English. Other languages have the same keys; `{name}` is filled in. */
export const en = {
  cancel: 'Cancel',
  reference: 'Reference',
  support: 'Get help',
  privacy: 'Privacy',
  terms: 'Terms',
  appHome: 'About {app}',
  continueTo: 'to continue to {app}',
  platformTitle: 'Sign in with IntelligenceBank',
  platformLabel: 'Your IntelligenceBank address',
  platformHint: 'For example acme.intelligencebank.com',
  platformSubmit: 'Continue',
  platformRecent: 'Used in this browser',
  platformForget: 'Forget {host}',
  faultEmpty: 'Enter the address of your IntelligenceBank platform.',
  faultNotAHost:
    'This is not the address of a platform. Enter one like acme.intelligencebank.com, not an e-mail address.',
  faultNotAllowed:
    'Sign-in to this address is not allowed here. Check the spelling, or ask your administrator.',
  faultNotIb: 'There is no IntelligenceBank platform at this address. Check the spelling.',
  faultNotAnswering: 'IntelligenceBank is not answering at this address right now. Try again in a moment.',
  waitingTitle: 'Sign in at IntelligenceBank',
  waitingOpen: 'Open the sign-in page',
  waitingExplain: 'Sign in to {host} in the new window.',
  waitingByItself: 'This page continues by itself.',
  waitingManual: 'When you have signed in there, come back and continue here.',
  waitingContinue: 'I have signed in',
  waitingOther: 'Use another platform',
  waitingRestart: 'Begin again',
  waitingClock: 'IntelligenceBank was asked {seconds} s ago.',
  waitingHelp: 'Still waiting?',
  waitingHelpWindow:
    'The sign-in page may be in another window, perhaps behind this one. You can open it again with the button above.',
  waitingHelpOther: 'If this platform does not let you in, use another one, or cancel: both are below.',
  stateWaiting: 'Waiting for you to sign in…',
  stateSignedOutElsewhere:
    'The sign-in that this page was about has ended, perhaps in another tab. Sign in again to go on.',
  stateNotYet: 'You have not signed in yet. Open the sign-in page first.',
  stateRenewed: 'Here is a new sign-in link. If you are signing in with the last one already, just go on.',
  stateSessionOver: 'Your IntelligenceBank session had ended. Sign in there once more, with this new link.',
  stateOlderLogin:
    'The app wants you to sign in anew, and IntelligenceBank let you in without. Sign out there, then use this new link.',
  stateNotAnswering: 'IntelligenceBank is not answering right now. We keep trying; you need not do anything.',
  stateTooOld: 'This sign-in took too long. You can begin again.',
  stateRefused: 'This sign-in could not be accepted. You can begin again or use another platform.',
  stateRefusedSessionOver:
    'IntelligenceBank handed out a session that has ended. Sign out there, then begin again.',
  stateRefusedOtherClient:
    'This address now answers for another IntelligenceBank customer, so the sign-in was not accepted. Tell your administrator.',
  stateSlow: 'IntelligenceBank is slow to answer. We are still waiting for it; you need not do anything.',
  stateBusy: 'We are not answering right now. This page keeps trying; you need not do anything.',
  stateDone: 'Signed in. One moment…',
  stateOffline: 'You seem to be offline. This page keeps asking and goes on when it can.',
  consentTitle: 'Allow {app} to use your account?',
  consentNotYou: 'Not you?',
  consentAnother:
    'Somebody else has signed in meanwhile, perhaps in another tab. Look whose account this is before you go on.',
  consentReturn: 'You will return to {host}',
  consentAsks: '{app} asks to:',
  consentUnverified: 'Nobody at {operator} has checked this app.',
  consentTrust: 'Allow it only if you have just started this yourself, and trust {host}.',
  consentStarted: 'Allow it only if you have just started this yourself, and trust it.',
  consentNew: 'New',
  consentAt: 'At {resource}:',
  consentAllow: 'Allow',
  consentDeny: 'Deny',
  scopeOpenid: 'Know who you are on this platform',
  scopeProfile: 'See your name and your organisation',
  scopeEmail: 'See your e-mail address, if IntelligenceBank gives it',
  scopeOffline: 'Keep access while you are away, until your IntelligenceBank session ends',
  scopeApi: 'Use IntelligenceBank in your name: see, add and change what you can',
  scopeSession:
    'Get your IntelligenceBank session itself. With it the app can do all that you can, outside our control. Allow this only if you trust the app completely.',
  goOnTitle: 'One moment',
  goOnExplain: 'This page goes on by itself. If it does not, continue here.',

  errorTitle: 'This did not work',
  errorLost:
    'This sign-in is over, or it was started in another browser. Go back to the app and sign in again.',
  errorCookies:
    'Your browser sent no cookies: it blocks them, or this sign-in was started in another browser. Allow cookies for this site, then go back to the app and sign in again.',
  errorForged: 'This form has expired. Go back and try again.',
  errorClient: 'The app that sent you here is not known to us. Tell the people who run the app.',
  errorRedirect:
    'The app that sent you here wants you back at an address that it has not registered. So nothing was sent there. Tell the people who run the app.',
  errorDocument:
    'The app that sent you here describes itself at {host}, and this description cannot be used. Tell the people who run the app.',
  errorResource:
    'The app asks for access to {resource}, which is not set up here. An administrator who knows it can add it to the list of resources:',
  errorRetrying:
    'We are busy right now. This page tries again by itself in a few seconds and goes on where you were.',
  errorRetry: 'Try again',
  errorSignIn: 'Back to the sign-in',
  errorDevice: 'Enter the code again',
  errorBack: 'Back to the app',
  errorMissing: 'There is nothing at this address. To sign in, go to the app that you want to use.',
  errorLimited: 'There have been too many attempts from your network. Wait a few minutes, then try again.',
  errorBusy: 'We are busy right now. Try again in a moment.',
  errorServer: 'Something went wrong on our side. Try again in a moment.',
  errorRequest:
    'The request of the app that sent you here cannot be answered. Tell the people who run the app.',
  signOutTitle: 'Sign out?',
  signOutExplain: 'This ends your sign-in here and the access of the apps you use in this browser.',
  signOutApp: '{app} asks to sign you out.',
  signOutYes: 'Yes, sign me out',
  signOutNo: 'Stay signed in',
  signedOutTitle: 'You are signed out',
  signOutEnds: 'These lose access:',
  signOutGoesOn: 'These keep access, as you allowed:',
  signOutMore: 'and more',
  signedOutExplain: 'Your sign-in here has ended. You can close this window.',
  signedOutGoesOn:
    'Apps that you allowed to keep access while you are away still have it. See and end it at:',
  stayedTitle: 'You are still signed in',
  stayedExplain: 'Nothing was changed.',
  stayedBack: 'Back to {app}',
  deviceTitle: 'Connect a device',
  deviceLabel: 'Code shown on your device',
  deviceSubmit: 'Continue',
  deviceInvalid: 'This code is not known or has expired. Check it, or ask the device for a new one.',
  deviceAgain: 'Enter the code once more. If you keep coming back here, allow cookies for this site.',
  deviceStopped: 'The device was not connected, and it has been told so. You can close this window.',
  deviceConfirmTitle: 'Is this your device?',
  deviceConfirmExplain: '{app} asks to be connected. Continue only if your device shows this code now:',
  deviceWarning:
    'If somebody sent you this code or a link with it, cancel: they would get access to your account.',
  deviceConfirm: 'Yes, connect it',
  deviceDoneTitle: 'Your device is connected',
  deviceDoneExplain: 'You can go back to it and close this window.',
  accountTitle: 'Apps with access',
  accountNone: 'No app has access to your account.',
  accountSignedOut: 'Nobody is signed in in this browser.',
  accountHow: 'To sign in, go to the app that you want to use.',
  accountSince: 'First used {since}, last used {used}.',
  accountSignedIn: 'Signed in {since}. The sign-in ends {until}.',
  accountPlace: 'Allowed with {browser}, from the network address {address}.',
  accountPlaceHere: 'Allowed with {browser}, from the network you are in now.',
  accountBrowser: '{browser} on {system}',
  accountBrowserUnknown: 'an unknown browser',
  accountSignOut: 'Sign out',
  accountSignOutAll: 'Sign out of everything here',
  accountSearch: 'Find an app',
  accountSearchSubmit: 'Search',
  accountNotFound: 'No app of this name has access.',
  accountRevokeAll: 'Take back all access…',
  accountRevokeAllExplain:
    'Every app loses its access to this account at once. You can allow each of them again.',
  accountRevokeAllYes: 'Take back all access',
  accountRevoke: 'Take back access',
} as const;

/** The words of one language. */
export type Texts = { readonly [key in keyof typeof en]: string };

/** Fills in the names of a text. */
export function fill(text: string, names: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => names[name] ?? whole);
}
