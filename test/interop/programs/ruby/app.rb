# omniauth_openid_connect in a Rack app with pages of its own.
require 'omniauth'
require 'omniauth_openid_connect'
require 'rack'
require 'rack/handler/webrick'

issuer, origin = ENV.values_at('ISSUER', 'ORIGIN')
# The issuer is http on loopback.
SWD.url_builder = URI::HTTP
# Begins by a link here; an app of yours sends a form with a token of its own.
OmniAuth.config.allowed_request_methods = [:get]
OmniAuth.config.silence_get_warning = true

app = Rack::Builder.new do
  use Rack::Session::Cookie, secret: 'a secret of the app alone, long enough for its own cookie' * 2
  use OmniAuth::Builder do
    provider :openid_connect,
             name: :ib,
             issuer: issuer,
             discovery: true,
             pkce: true,
             response_type: :code,
             scope: %i[openid profile email],
             client_options: {
               identifier: ENV['CLIENT_ID'],
               secret: ENV['CLIENT_SECRET'],
               redirect_uri: "#{origin}/auth/ib/callback"
             }
  end
  run(lambda do |env|
    session = env['rack.session']
    case env['PATH_INFO']
    when '/auth/ib/callback'
      session['user'] = env['omniauth.auth'].info.slice('name', 'email')
      [302, { 'location' => '/' }, []]
    when '/sign-out'
      session.clear
      query = Rack::Utils.build_query(client_id: ENV['CLIENT_ID'], post_logout_redirect_uri: "#{origin}/bye")
      [302, { 'location' => "#{issuer}/logout?#{query}" }, []]
    when '/bye'
      [200, {}, ['signed out']]
    when '/'
      user = session['user']
      next [302, { 'location' => '/auth/ib' }, []] if user.nil?
      [200, {}, ["signed in as #{user['name']}, #{user['email']}"]]
    else
      [404, {}, [env['PATH_INFO']]]
    end
  end)
end

Rack::Handler::WEBrick.run(app, Port: ENV['PORT'].to_i, Host: 'localhost', AccessLog: [])
