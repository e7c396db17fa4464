package interop.api;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Scanner;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimNames;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtTypeValidator;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Spring Security's resource server with JWT access tokens (RFC 9068), and an app that calls it. */
@SpringBootApplication
@RestController
public class Api {
  private static final String ISSUER = System.getenv("ISSUER");
  private static final String RESOURCE = System.getenv("RESOURCE");
  private static final String VERIFIER = "v".repeat(64);
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  /** Its own decoder takes `typ: JWT` alone. This one takes access tokens for this API, and nothing else of the issuer. */
  @Bean
  JwtDecoder jwtDecoder(@Value("${ISSUER}") String issuer, @Value("${RESOURCE}") String resource) {
    NimbusJwtDecoder decoder =
        NimbusJwtDecoder.withIssuerLocation(issuer)
            .jwtProcessorCustomizer(
                processor ->
                    processor.setJWSTypeVerifier(
                        new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("at+jwt"))))
            .build();
    decoder.setJwtValidator(
        JwtValidators.createDefaultWithValidators(
            new JwtTypeValidator("at+jwt"),
            new JwtClaimValidator<List<String>>(JwtClaimNames.AUD, aud -> aud != null && aud.contains(resource))));
    return decoder;
  }

  @Bean
  SecurityFilterChain security(HttpSecurity http) throws Exception {
    return http.authorizeHttpRequests(
            all -> all.requestMatchers("/api").hasAuthority("SCOPE_reports:read").anyRequest().denyAll())
        .oauth2ResourceServer(server -> server.jwt(Customizer.withDefaults()))
        .build();
  }

  @GetMapping("/api")
  String api(@AuthenticationPrincipal Jwt token) {
    return "reports for " + token.getSubject();
  }

  public static void start() throws Exception {
    var app = new SpringApplication(Api.class);
    app.setDefaultProperties(Map.of("server.port", System.getenv("PORT"), "logging.level.root", "OFF"));
    app.setBannerMode(org.springframework.boot.Banner.Mode.OFF);
    var running = app.run();
    var tokens = tokensFor("openid reports:read");
    System.out.println("did sign-in");
    check(call(member(tokens, "access_token")), 200);
    System.out.println("did call");
    check(call(member(tokens, "id_token")), 401);
    check(call("nonsense"), 401);
    System.out.println("did refusal");
    running.close();
    System.exit(0);
  }

  /** A public app's sign-in, by hand. */
  private static String tokensFor(String scope) throws Exception {
    var digest = MessageDigest.getInstance("SHA-256").digest(VERIFIER.getBytes(StandardCharsets.US_ASCII));
    var challenge = Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
    var redirectUri = System.getenv("REDIRECT_URI");
    var clientId = System.getenv("CLIENT_ID");
    System.out.println(
        "visit " + ISSUER + "/authorize?"
            + form(
                Map.of(
                    "client_id", clientId, "response_type", "code", "redirect_uri", redirectUri, "scope", scope,
                    "resource", RESOURCE, "code_challenge", challenge, "code_challenge_method", "S256")));
    var back = new Scanner(System.in).nextLine();
    var found = Pattern.compile("[?&]code=([^&]+)").matcher(back);
    if (!found.find()) throw new IllegalStateException("no code: " + back);
    var body =
        form(
            Map.of(
                "grant_type", "authorization_code", "client_id", clientId, "redirect_uri", redirectUri,
                "code", found.group(1), "code_verifier", VERIFIER, "resource", RESOURCE));
    var request =
        HttpRequest.newBuilder(URI.create(ISSUER + "/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    return HTTP.send(request, BodyHandlers.ofString()).body();
  }

  private static int call(String token) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(RESOURCE)).header("authorization", "Bearer " + token).build();
    return HTTP.send(request, BodyHandlers.ofString()).statusCode();
  }

  private static String member(String json, String name) {
    var found = Pattern.compile("\"" + name + "\":\"([^\"]+)\"").matcher(json);
    if (!found.find()) throw new IllegalStateException("no " + name + " in the answer");
    return found.group(1);
  }

  private static String form(Map<String, String> fields) {
    return fields.entrySet().stream()
        .map(field -> field.getKey() + "=" + URLEncoder.encode(field.getValue(), StandardCharsets.UTF_8))
        .collect(Collectors.joining("&"));
  }

  private static void check(int status, int wanted) {
    if (status != wanted) throw new IllegalStateException(status + " instead of " + wanted);
  }
}
