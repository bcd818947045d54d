# frozen_string_literal: true

require "rack"

# What Rails does before any of Mastodon's code: names that are not the instance's, and requests that did not come by https.
# (config/initializers/1_hosts.rb, config/environments/production.rb)
class Front
  HOSTS = [ENV["LOCAL_DOMAIN"], ENV["WEB_DOMAIN"], *ENV.fetch("ALTERNATE_DOMAINS", "").split(/\s*,\s*/)].compact.freeze
  HSTS = "max-age=63072000; includeSubDomains"

  def initialize(app) = @app = app

  def call(env)
    request = Rack::Request.new(env)
    return @app.call(env) if request.path == "/health"
    return [403, { "content-type" => "text/html" }, ["Blocked host: #{request.host}\n"]] unless HOSTS.include?(request.host)
    return https(request) unless env["HTTP_X_FORWARDED_PROTO"] == "https"

    status, headers, body = @app.call(env)
    [status, headers.merge("strict-transport-security" => HSTS), body]
  end

  private

  # A POST stays one.
  def https(request)
    [request.get? || request.head? ? 301 : 308, { "location" => "https://#{request.host}#{request.fullpath}" }, []]
  end
end
