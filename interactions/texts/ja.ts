import type { Texts } from './en.ts';

/** The pages' words in Japanese. */
export const ja: Texts = {
  cancel: 'キャンセル',
  reference: '照会番号',
  support: 'ヘルプ',
  privacy: 'プライバシー',
  terms: '利用規約',
  appHome: '{app} について',
  continueTo: '{app} に進みます',
  platformTitle: 'IntelligenceBank でサインイン',
  platformLabel: 'IntelligenceBank のアドレス',
  platformHint: '例: acme.intelligencebank.com',
  platformSubmit: '次へ',
  platformRecent: 'このブラウザーで使用済み',
  platformForget: '{host} を一覧から削除',
  faultEmpty: 'IntelligenceBank プラットフォームのアドレスを入力してください。',
  faultNotAHost:
    'プラットフォームのアドレスではありません。メールアドレスではなく、acme.intelligencebank.com のように入力してください。',
  faultNotAllowed:
    'このアドレスへのサインインは許可されていません。入力内容を確認するか、管理者にお問い合わせください。',
  faultNotIb: 'このアドレスに IntelligenceBank プラットフォームはありません。入力内容を確認してください。',
  faultNotAnswering:
    'このアドレスの IntelligenceBank が応答していません。しばらくしてからもう一度お試しください。',
  platformSamePerson:
    'IntelligenceBank で同じ人がまたサインインしてしまう場合は、先にそこでサインアウトしてください。',
  waitingTitle: 'IntelligenceBank でサインインしてください',
  waitingOpen: 'サインインページを開く',
  waitingExplain: '新しいウィンドウで {host} にサインインしてください。',
  waitingByItself: 'このページは自動的に進みます。',
  waitingManual: 'サインインが済んだら、ここに戻って続けてください。',
  waitingContinue: 'サインインしました',
  waitingOther: '別のプラットフォームを使う',
  waitingRestart: 'もう一度始める',
  waitingClock: '{seconds} 秒前に IntelligenceBank に確認しました。',
  waitingHelp: 'お待ちですか？',
  waitingHelpWindow:
    'サインインページは別のウィンドウ (このウィンドウの後ろなど) にあるかもしれません。上のボタンでもう一度開けます。',
  waitingHelpOther:
    'このプラットフォームに入れない場合は、下から別のプラットフォームを使うか、キャンセルしてください。',
  stateWaiting: 'サインインを待っています…',
  stateSignedOutElsewhere:
    'このページのサインインは、別のタブなどで終了しました。続けるにはもう一度サインインしてください。',
  stateNotYet: 'まだサインインしていません。先にサインインページを開いてください。',
  stateRenewed: '新しいサインイン用リンクです。前のリンクでサインイン中の場合は、そのままお続けください。',
  stateSessionOver:
    'IntelligenceBank のセッションは終了していました。この新しいリンクでもう一度サインインしてください。',
  stateOlderLogin:
    'アプリは改めてのサインインを求めていますが、IntelligenceBank はサインインなしで通しました。IntelligenceBank からサインアウトし、この新しいリンクを使ってください。',
  stateNotAnswering:
    'IntelligenceBank が応答していません。引き続き試していますので、そのままお待ちください。',
  stateTooOld: '時間がかかりすぎたため、サインインを終了しました。もう一度始められます。',
  stateRefused:
    'このサインインは受け付けられませんでした。もう一度始めるか、別のプラットフォームを使ってください。',
  stateRefusedSessionOver:
    'IntelligenceBank が終了したセッションを返しました。IntelligenceBank からサインアウトし、最初からやり直してください。',
  stateRefusedOtherClient:
    'このアドレスは現在、別の IntelligenceBank のお客様のものとして応答しているため、サインインを受け付けませんでした。管理者にお知らせください。',
  stateSlow: 'IntelligenceBank の応答に時間がかかっています。引き続き待っていますので、操作は不要です。',
  stateBusy: 'ただいま応答できません。このページは試行を続けますので、何もする必要はありません。',
  stateDone: 'サインインしました。しばらくお待ちください…',
  stateOffline: 'オフラインのようです。このページは確認を続け、可能になり次第進みます。',
  consentTitle: '{app} にアカウントの使用を許可しますか？',
  consentNotYou: '別の方ですか？',
  consentAnother:
    'その間に、別のタブなどでほかの人がサインインしました。続ける前に、誰のアカウントか確認してください。',
  consentReturn: '{host} に戻ります',
  consentAsks: '{app} が求めている内容:',
  consentUnverified: '{operator} では誰もこのアプリを確認していません。',
  consentTrust: 'ご自身がたった今始めた操作であり、{host} を信頼できる場合にのみ許可してください。',
  consentStarted: 'ご自身がたった今始めた操作であり、このアプリを信頼できる場合にのみ許可してください。',
  consentNew: '新規',
  consentAt: '{resource} で:',
  consentAllow: '許可する',
  consentDeny: '許可しない',
  scopeOpenid: 'このプラットフォームでのあなたの識別',
  scopeProfile: '氏名と組織の表示',
  scopeEmail: 'メールアドレスの表示（IntelligenceBank から提供される場合）',
  scopeOffline: 'IntelligenceBank のセッションが終わるまで、不在時もアクセスを継続',
  scopeApi: 'あなたに代わって IntelligenceBank を使用（あなたに可能な閲覧・追加・変更）',
  scopeSession:
    'IntelligenceBank のセッションそのものを受け取ります。アプリは、こちらの管理の及ばないところで、あなたにできることをすべて実行できます。完全に信頼できる場合にのみ許可してください。',
  goOnTitle: 'お待ちください',
  goOnExplain: 'このページは自動的に次へ進みます。進まない場合は、ここから続けてください。',

  errorTitle: 'うまくいきませんでした',
  errorLost:
    'このサインインは終了したか、別のブラウザーで始められました。アプリに戻って、もう一度サインインしてください。',
  errorCookies:
    'ブラウザーからCookieが送られませんでした。ブロックされているか、このサインインが別のブラウザーで始められました。このサイトのCookieを許可し、アプリに戻って、もう一度サインインしてください。',
  errorDeviceOver:
    'この手順は終了しました。デバイスがまだ待っている場合は、そのコードをもう一度入力してください。',
  errorForged: 'フォームの有効期限が切れました。前に戻って、もう一度お試しください。',
  errorClient: 'アクセス元のアプリは登録されていません。アプリの運営者にお知らせください。',
  errorRedirect:
    'アクセス元のアプリは、登録されていないアドレスへ戻そうとしました。そのアドレスには何も送信していません。アプリの運営者にお知らせください。',
  errorDocument:
    'アクセス元のアプリの説明は {host} にありますが、使用できません。アプリの運営者にお知らせください。',
  errorResource:
    'アプリは {resource} へのアクセスを求めていますが、ここには設定されていません。内容を把握している管理者は、リソースの一覧に追加できます。',
  errorRetrying: 'ただいま混み合っています。このページは数秒後に自動で再試行し、続きから再開します。',
  errorRetry: 'もう一度試す',
  errorSignIn: 'サインインに戻る',
  errorDevice: 'コードをもう一度入力',
  errorBack: 'アプリに戻る',
  errorMissing: 'このアドレスには何もありません。サインインするには、使いたいアプリを開いてください。',
  errorLimited: 'お使いのネットワークからの試行が多すぎます。数分待ってから、もう一度お試しください。',
  errorBusy: '混み合っています。しばらくしてからもう一度お試しください。',
  errorServer: 'こちらで問題が発生しました。しばらくしてからもう一度お試しください。',
  errorRequest: 'アクセス元のアプリの要求に応答できません。アプリの運営者にお知らせください。',
  signOutTitle: 'サインアウトしますか？',
  signOutExplain: 'ここでのサインインと、このブラウザーで使っているアプリのアクセスを終了します。',
  signOutApp: '{app} がサインアウトを求めています。',
  signOutYes: 'サインアウトする',
  signOutNo: 'サインインしたままにする',
  signedOutTitle: 'サインアウトしました',
  signOutEnds: 'アクセスできなくなるアプリ：',
  signOutGoesOn: '許可どおりアクセスが続くアプリ：',
  signOutMore: 'ほか',
  signedOutExplain: 'ここでのサインインは終了しました。このウィンドウは閉じてかまいません。',
  signedOutGoesOn:
    '不在時のアクセスを許可したアプリは、引き続きアクセスできます。再度サインインした後の確認と終了はこちら：',
  stayedTitle: 'サインインしたままです',
  stayedExplain: '何も変更していません。',
  stayedBack: '{app} に戻る',
  deviceTitle: 'デバイスを接続',
  deviceLabel: 'デバイスに表示されたコード',
  deviceSubmit: '次へ',
  deviceInvalid:
    'コードが正しくないか、有効期限が切れています。確認するか、デバイスで新しいコードを取得してください。',
  deviceAgain:
    'コードをもう一度入力してください。何度もここに戻る場合は、このサイトのCookieを許可してください。',
  deviceStopped:
    'デバイスは接続されませんでした。デバイスにも通知済みです。このウィンドウを閉じてかまいません。',
  deviceConfirmTitle: 'お使いのデバイスですか？',
  deviceConfirmExplain:
    '{app} が接続を求めています。デバイスに今このコードが表示されている場合にのみ続けてください:',
  deviceWarning:
    'このコードやコードを含むリンクを誰かから受け取った場合は、キャンセルしてください。その人があなたのアカウントにアクセスできるようになります。',
  deviceConfirm: '接続する',
  deviceDoneTitle: 'デバイスを接続しました',
  deviceDoneExplain: 'デバイスに戻り、このウィンドウは閉じてかまいません。',
  accountTitle: 'アクセスできるアプリ',
  accountNone: 'アカウントにアクセスできるアプリはありません。',
  accountSignedOut: 'このブラウザーでは誰もサインインしていません。',
  accountHow: 'サインインするには、使いたいアプリを開いてください。',
  accountSince: '最初の使用: {since}、最後の使用: {used}',
  accountSignedIn: 'サインイン: {since}。終了: {until}。',
  accountPlace: '{browser} で許可 (ネットワークアドレス {address})。',
  accountPlaceHere: '{browser} で許可 (現在と同じネットワーク)。',
  accountBrowser: '{system} の {browser}',
  accountBrowserUnknown: '不明なブラウザー',
  accountSignOut: 'サインアウト',
  accountSignOutAll: 'ここのすべてからサインアウト',
  accountSearch: 'アプリを探す',
  accountSearchSubmit: '検索',
  accountNotFound: 'この名前のアプリにはアクセス権がありません。',
  accountRevokeAll: 'すべてのアクセスを取り消す…',
  accountRevokeAllExplain:
    'すべてのアプリがこのアカウントへのアクセスを直ちに失います。あとで再び許可できます。',
  accountRevokeAllYes: 'すべてのアクセスを取り消す',
  accountRevoke: 'アクセスを取り消す',
};
