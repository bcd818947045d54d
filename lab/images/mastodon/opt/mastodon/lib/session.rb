# frozen_string_literal: true

require "openssl"
require "securerandom"

# A browser's session, and the token that each of its forms has to bring back.
module Session
  COOKIE = "_mastodon_session"

  def self.of(request) = request.cookies[COOKIE] || SecureRandom.hex(16)
  def self.token(session) = OpenSSL::HMAC.hexdigest("SHA256", ENV.fetch("SECRET_KEY_BASE"), session)

  def self.brings_token?(request)
    session = request.cookies[COOKIE]
    !session.nil? && Rack::Utils.secure_compare(token(session), request.params["authenticity_token"].to_s)
  end

  # A page with a form that posts there.
  def self.form(request, path)
    session = of(request)
    body = "<form action=\"#{path}\" method=\"post\"><input type=\"hidden\" name=\"authenticity_token\" value=\"#{token(session)}\" autocomplete=\"off\" /></form>"
    [200, { "content-type" => "text/html", "set-cookie" => "#{COOKIE}=#{session}; path=/; secure; HttpOnly; SameSite=Lax" }, [body]]
  end
end
