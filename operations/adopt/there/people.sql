SELECT jsonb_build_object('users', count(*), 'active', count(*) FILTER (WHERE current_sign_in_at > now() - interval '30 days')) FROM users;
