package interop.client;

import java.time.Instant;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.http.HttpMethod;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.client.OAuth2AuthorizeRequest;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientManager;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientService;
import org.springframework.security.oauth2.client.AuthorizedClientServiceOAuth2AuthorizedClientManager;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientProviderBuilder;
import org.springframework.security.oauth2.client.authentication.OAuth2AuthenticationToken;
import org.springframework.security.oauth2.client.oidc.web.logout.OidcClientInitiatedLogoutSuccessHandler;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.core.OAuth2AccessToken;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.servlet.util.matcher.PathPatternRequestMatcher;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Spring Security's login: everything but these settings comes from discovery. */
@SpringBootApplication
@RestController
public class Client {
  private final OAuth2AuthorizedClientService kept;
  private final OAuth2AuthorizedClientManager manager;

  Client(ClientRegistrationRepository registrations, OAuth2AuthorizedClientService kept) {
    var providers = OAuth2AuthorizedClientProviderBuilder.builder().authorizationCode().refreshToken().build();
    var manager = new AuthorizedClientServiceOAuth2AuthorizedClientManager(registrations, kept);
    manager.setAuthorizedClientProvider(providers);
    this.kept = kept;
    this.manager = manager;
  }

  public static void start() {
    var env = System.getenv();
    var app = new SpringApplication(Client.class);
    app.setDefaultProperties(
        Map.of(
            "server.port", env.get("PORT"),
            "spring.security.oauth2.client.provider.ib.issuer-uri", env.get("ISSUER"),
            "spring.security.oauth2.client.registration.ib.client-id", env.get("CLIENT_ID"),
            "spring.security.oauth2.client.registration.ib.client-secret", env.get("CLIENT_SECRET"),
            "spring.security.oauth2.client.registration.ib.scope", "openid,profile,email,offline_access"));
    app.run();
  }

  @Bean
  SecurityFilterChain security(HttpSecurity http, ClientRegistrationRepository registrations) throws Exception {
    var signedOut = new OidcClientInitiatedLogoutSuccessHandler(registrations);
    signedOut.setPostLogoutRedirectUri("{baseUrl}/bye");
    return http.authorizeHttpRequests(all -> all.requestMatchers("/bye").permitAll().anyRequest().authenticated())
        .oauth2Login(Customizer.withDefaults())
        .logout(
            logout ->
                logout
                    // An app of yours takes the default, a POST.
                    .logoutRequestMatcher(
                        PathPatternRequestMatcher.withDefaults().matcher(HttpMethod.GET, "/logout"))
                    .logoutSuccessHandler(signedOut))
        .build();
  }

  @GetMapping("/")
  String home(@AuthenticationPrincipal OidcUser user) {
    return "signed in as " + user.getFullName() + ", " + user.getEmail();
  }

  @GetMapping("/refresh")
  String refresh(OAuth2AuthenticationToken who) {
    OAuth2AuthorizedClient client = kept.loadAuthorizedClient("ib", who.getName());
    var token = client.getAccessToken();
    var past = Instant.now().minusSeconds(60);
    var expired =
        new OAuth2AccessToken(token.getTokenType(), token.getTokenValue(), past.minusSeconds(60), past, token.getScopes());
    kept.saveAuthorizedClient(
        new OAuth2AuthorizedClient(client.getClientRegistration(), who.getName(), expired, client.getRefreshToken()), who);
    var request = OAuth2AuthorizeRequest.withClientRegistrationId("ib").principal(who).build();
    var fresh = manager.authorize(request).getAccessToken();
    return fresh.getTokenValue().equals(token.getTokenValue()) ? "the same token" : "a new token";
  }

  @GetMapping("/bye")
  String bye() {
    return "signed out";
  }
}
